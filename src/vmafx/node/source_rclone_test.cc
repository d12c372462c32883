#include "vmafx/node/source_rclone.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/testing/line_server.h"
#include "sys/files.h"
#include "vmafx/node/fetch.h"
#include "vmafx/node/testing/companions.h"

namespace vmafx::node {
namespace {

using namespace std::chrono_literals;
using base::Code;
using base::Result;
using base::Until;
using net::testing::LineServer;
using ::testing::AllOf;
using ::testing::HasSubstr;

// Real rclone against a real S3 store.
class RcloneSourceTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    clock = new base::SystemClock;
    store = new testing::Store(*clock);
    rclone = new std::filesystem::path(testing::Companion("rclone"));
    std::ofstream(store->local() / "a.yuv") << Bytes();
    store->Upload(store->local() / "a.yuv", "videos/folder/a.yuv");
  }
  static void TearDownTestSuite() {
    delete std::exchange(store, nullptr);
    delete std::exchange(rclone, nullptr);
    delete std::exchange(clock, nullptr);
  }

  static std::string Bytes() {
    std::string bytes;
    for (int i = 0; i < 200'000; ++i) bytes += static_cast<char>(i * 7 + i / 256);
    return bytes;
  }

  Until Soon() { return Until::After(*clock, 120s); }

  std::unique_ptr<Source> Make(const std::string& remote, const std::string& path,
                               base::Duration idle_limit = 30s) {
    return MakeRcloneSource({.program = *rclone,
                             .config = store->config(),
                             .name = "rclone://" + remote + "/" + path,
                             .remote = remote,
                             .path = path,
                             .idle_limit = idle_limit},
                            *clock);
  }

  Result<std::string> ReadAll(std::unique_ptr<Source> source, const Until& until) {
    Fetch fetch(std::move(source), {.most_retries = 1, .first_backoff = 1ms}, *clock,
                base::Log::Nowhere());
    std::string all;
    uint8_t piece[50000];
    while (true) {
      const size_t got = TRY(fetch.Read(piece, sizeof piece, until));
      if (got == 0) return all;
      all.append(reinterpret_cast<char*>(piece), got);
    }
  }
  std::string WhyNot(const std::string& remote, const std::string& path) {
    auto read = ReadAll(Make(remote, path), Soon());
    return read.ok() ? "it was read" : read.error().message();
  }

  static base::SystemClock* clock;
  static testing::Store* store;
  static std::filesystem::path* rclone;
};
base::SystemClock* RcloneSourceTest::clock = nullptr;
testing::Store* RcloneSourceTest::store = nullptr;
std::filesystem::path* RcloneSourceTest::rclone = nullptr;

// Takes what comes, and ends the reading after `most` bytes.
class Bucket final : public Receiver {
 public:
  explicit Bucket(size_t most = std::string::npos) : most_(most) {}
  Result<> Begin(const SourceInfo& begun) override {
    info = begun;
    return base::Ok();
  }
  Result<> Take(std::string_view piece) override {
    bytes += piece.substr(0, most_ - bytes.size());
    return bytes.size() < most_ ? base::Ok() : base::Fail(Code::kUnavailable, "full");
  }

  SourceInfo info;
  std::string bytes;

 private:
  size_t most_;
};

TEST_F(RcloneSourceTest, ReadsAnObjectWithItsSizeAndChecksum) {
  Bucket bucket;

  const auto read = Make("films", "videos/folder/a.yuv")->Read(0, bucket, Soon());

  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_TRUE(bucket.bytes == Bytes());
  EXPECT_EQ(bucket.info.size, Bytes().size());
  EXPECT_EQ(bucket.info.checksum->algorithm, "md5");
  EXPECT_EQ(bucket.info.checksum->hex.size(), 32U);
  const auto checked = ReadAll(Make("films", "videos/folder/a.yuv"), Soon());
  ASSERT_TRUE(checked.ok()) << checked.error().message();
  EXPECT_TRUE(*checked == Bytes());
}

TEST_F(RcloneSourceTest, GoesOnFromAnOffset) {
  const auto source = Make("films", "videos/folder/a.yuv");
  Bucket first(50'000);
  EXPECT_TRUE(source->Read(0, first, Soon()).Is(Code::kUnavailable));

  Bucket rest;
  const auto read = source->Read(first.bytes.size(), rest, Soon());

  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_TRUE(first.bytes + rest.bytes == Bytes());
}

TEST_F(RcloneSourceTest, AnObjectThatChangesBetweenTwoAttemptsIsAnError) {
  std::ofstream(store->local() / "changing") << "one";
  const auto source = Make("local", "changing");
  Bucket bucket;
  ASSERT_TRUE(source->Read(0, bucket, Soon()).ok());
  std::ofstream(store->local() / "changing") << "other";

  const auto read = source->Read(2, bucket, Soon());

  EXPECT_THAT(read.error().message(), HasSubstr("it changed in the store"));
}

TEST_F(RcloneSourceTest, SaysWhatIsMissing) {
  EXPECT_THAT(WhyNot("films", "videos/folder/b.yuv"),
              AllOf(HasSubstr("rclone://films/videos/folder/b.yuv: remote [films] has no object "
                              "\"b.yuv\" (did you mean \"a.yuv\"?); \"videos/folder\" holds a.yuv"),
                    HasSubstr("correct the URI, or upload it")));
  EXPECT_THAT(WhyNot("films", "nobucket/a.yuv"), HasSubstr("nor a bucket or folder \"nobucket\""));
  EXPECT_THAT(WhyNot("films", "videos/folder"), HasSubstr("has no object \"folder\""));
  EXPECT_THAT(WhyNot("local", "b.yuv"), HasSubstr("has no object \"b.yuv\""));
}

TEST_F(RcloneSourceTest, SaysWhatIsWrongWithTheCredentials) {
  EXPECT_THAT(WhyNot("wrongkey", "videos/folder/a.yuv"),
              HasSubstr("the store refuses the secret key of remote [wrongkey]: correct "
                        "secret_access_key in rclone.conf"));
  EXPECT_THAT(WhyNot("wrongid", "videos/folder/a.yuv"),
              HasSubstr("the store does not know the access key of remote [wrongid]: correct "
                        "access_key_id in rclone.conf"));
}

TEST_F(RcloneSourceTest, SaysWhichStoreIsNotThere) {
  EXPECT_THAT(WhyNot("nohost", "videos/a.yuv"),
              HasSubstr("the host of remote [nohost] is not found: check its endpoint"));
  EXPECT_THAT(WhyNot("dead", "videos/a.yuv"),
              HasSubstr("nobody answers at the host of remote [dead]"));
  EXPECT_THAT(WhyNot("gone", "videos/a.yuv"), HasSubstr("rclone.conf has no remote [gone]"));
}

TEST_F(RcloneSourceTest, NamesTheProgramThatIsNotThere) {
  auto source = MakeRcloneSource({.program = "/nonexistent/rclone",
                                  .config = store->config(),
                                  .remote = "films",
                                  .path = "b/k"},
                                 *clock);
  Bucket bucket;

  EXPECT_THAT(source->Read(0, bucket, Soon()).error().message(),
              HasSubstr("/nonexistent/rclone: no such program"));
}

TEST_F(RcloneSourceTest, StopsItsChildAtOnceWhenAsked) {
  std::stop_source stop;
  LineServer silent([&](const std::string&) -> LineServer::Reply {
    stop.request_stop();  // the child waits for an answer by now
    return {LineServer::Reply::Kind::kSilence, ""};
  });
  const auto folder = *sys::TempDir::Make("silent");
  std::ofstream(folder.path() / "rclone.conf")
      << "[silent]\ntype = s3\nprovider = Minio\nendpoint = http://" << silent.address()
      << "\naccess_key_id = a\nsecret_access_key = b\n";
  auto source = MakeRcloneSource({.program = *rclone,
                                  .config = folder.path() / "rclone.conf",
                                  .remote = "silent",
                                  .path = "videos/a.yuv"},
                                 *clock);
  Bucket bucket;

  const auto read = source->Read(0, bucket, Soon().Stopping(stop.get_token()));

  EXPECT_TRUE(read.Is(Code::kCancelled)) << read.error().message();
}

}  // namespace
}  // namespace vmafx::node
