#include "cluster/native/protocol.h"

#include <unistd.h>

#include <gtest/gtest.h>

namespace cluster::native {
namespace {

using value::Json;

TEST(ProtocolTest, CarriesAMessageAndItsDescriptors) {
  Channel channel = *MakeChannel();
  int pipe_fds[2];
  ASSERT_EQ(pipe(pipe_fds), 0);
  const sys::Fd read_end(pipe_fds[0]);
  const sys::Fd write_end(pipe_fds[1]);

  ASSERT_TRUE(SendPacket(channel.ours.get(), {{"do", "start"}}, {write_end.get()}).ok());
  auto packet = ReceivePacket(channel.theirs.get());

  ASSERT_TRUE(packet.ok()) << packet.error().message();
  EXPECT_EQ(packet->message["do"], "start");
  ASSERT_EQ(packet->fds.size(), 1u);
  EXPECT_EQ(write(packet->fds[0].get(), "x", 1), 1);
  char byte = 0;
  EXPECT_EQ(read(read_end.get(), &byte, 1), 1);
  EXPECT_EQ(byte, 'x');
}

TEST(ProtocolTest, SaysThatTheOtherEndIsGone) {
  Channel channel = *MakeChannel();
  channel.theirs.Reset();

  EXPECT_TRUE(ReceivePacket(channel.ours.get()).Is(base::Code::kUnavailable));
  EXPECT_TRUE(SendPacket(channel.ours.get(), {{"do", "start"}}).Is(base::Code::kUnavailable));
}

TEST(ProtocolTest, RefusesWhatIsNoMessage) {
  Channel channel = *MakeChannel();
  ASSERT_EQ(write(channel.ours.get(), "{", 1), 1);

  EXPECT_TRUE(ReceivePacket(channel.theirs.get()).Is(base::Code::kInvalid));
}

TEST(ProtocolTest, ReadsBackTheComponentThatItWrote) {
  const Component component{"etcd", {"/bin/etcd", "--name=n0"}, {{"PATH", "/bin"}}, true};

  const auto read = ComponentFromJson(ToJson(component, "/log"));

  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->name, "etcd");
  EXPECT_EQ(read->argv, component.argv);
  EXPECT_EQ(read->environment, component.environment);
  EXPECT_TRUE(read->once);
}

TEST(ProtocolTest, RefusesAComponentWithoutAProgram) {
  Json json = ToJson({"etcd", {"/bin/etcd"}, {}, false}, "/log");
  json["argv"] = Json::array();
  EXPECT_TRUE(ComponentFromJson(json).Is(base::Code::kInvalid));
  json["argv"] = {1};
  EXPECT_TRUE(ComponentFromJson(json).Is(base::Code::kInvalid));
  EXPECT_TRUE(ComponentFromJson(Json::object()).Is(base::Code::kInvalid));
}

}  // namespace
}  // namespace cluster::native
