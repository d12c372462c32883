#include "vmafx/node/fetch.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crew.h"
#include "sys/files.h"
#include "vmafx/node/fetch_scratch.h"
#include "vmafx/node/source_http.h"
#include "vmafx/node/testing/file_server.h"

namespace vmafx::node {
namespace {

using namespace std::chrono_literals;
using base::Code;
using base::Result;
using base::Until;
using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::FileServer;
using ::testing::HasSubstr;

std::string MakeBytes(size_t count) {
  std::string bytes(count, '\0');
  for (size_t i = 0; i < count; ++i) bytes[i] = static_cast<char>(i * 2654435761U >> 13);
  return bytes;
}

// Over HTTPS from a real server with real faults.
class FetchTest : public ::testing::Test {
 protected:
  Until Soon() { return Until::After(clock_, 60s); }

  std::unique_ptr<Fetch> Start(const FileServer& server, const std::string& path,
                               base::Duration idle_limit = 60s) {
    return std::make_unique<Fetch>(MakeHttpSource({.url = server.Url(path) + "?sig=secret",
                                                   .name = server.Url(path),
                                                   .ca_pem = server.ca_pem(),
                                                   .idle_limit = idle_limit},
                                                  clock_),
                                   FetchOptions{.first_backoff = 1ms}, clock_,
                                   base::Log::Nowhere());
  }

  Result<std::string> ReadAll(Fetch& fetch, const Until& until) {
    std::string all;
    uint8_t piece[50000];
    while (true) {
      const size_t got = TRY(fetch.Read(piece, sizeof piece, until));
      if (got == 0) return all;
      all.append(reinterpret_cast<char*>(piece), got);
    }
  }
  Result<std::string> ReadAll(Fetch& fetch) { return ReadAll(fetch, Soon()); }
  std::string WhyNot(const FileServer& server, const std::string& path) {
    auto read = ReadAll(*Start(server, path));
    return read.ok() ? "it was read" : read.error().message();
  }

  base::SystemClock clock_;
  FileServer server_;
  const std::string bytes_ = MakeBytes(3'000'000);
};

TEST_F(FetchTest, ReadsAFileWithItsSizeAndFollowsRedirects) {
  server_.Add("/a.yuv", bytes_);
  for (const char* path : {"/a.yuv", "/moved/a.yuv", "/moved/moved/a.yuv"}) {
    const auto fetch = Start(server_, path);

    EXPECT_EQ(*fetch->Peek(100, Soon()), bytes_.substr(0, 100));
    EXPECT_EQ(*fetch->Peek(4096, Soon()), bytes_.substr(0, 4096));
    EXPECT_EQ(fetch->size(), bytes_.size());
    const auto all = ReadAll(*fetch);

    ASSERT_TRUE(all.ok()) << all.error().message();
    EXPECT_TRUE(*all == bytes_);
  }
}

TEST_F(FetchTest, GoesOnWhereAConnectionBroke) {
  server_.Add("/a.yuv", bytes_, {.times = 2, .cut_after = 1'000'000});
  const auto fetch = Start(server_, "/a.yuv");

  const auto all = ReadAll(*fetch);

  ASSERT_TRUE(all.ok()) << all.error().message();
  EXPECT_TRUE(*all == bytes_);
  EXPECT_THAT(server_.Ranges("/a.yuv"), ElementsAre("", "bytes=1000000-", "bytes=2000000-"));
}

TEST_F(FetchTest, GoesOnWithAServerThatKnowsNoRanges) {
  FileServer server(false);
  server.Add("/a.yuv", bytes_, {.times = 2, .cut_after = 1'000'000});

  const auto all = ReadAll(*Start(server, "/a.yuv"));

  ASSERT_TRUE(all.ok()) << all.error().message();
  EXPECT_TRUE(*all == bytes_);
}

TEST_F(FetchTest, AFileThatAlwaysBreaksOffIsAnErrorAfterThreeRetries) {
  server_.Add("/a.yuv", MakeBytes(100'000), {.cut_after = 30'000});
  FileServer blunt(false);
  blunt.Add("/a.yuv", MakeBytes(100'000), {.cut_after = 50'000});

  // Each time 30 000 bytes more: with four attempts it would arrive.
  EXPECT_EQ(WhyNot(server_, "/a.yuv"), "it was read");
  EXPECT_THAT(WhyNot(blunt, "/a.yuv"),
              AllOf(HasSubstr(blunt.Url("/a.yuv") + ": "), HasSubstr("the connection broke"),
                    HasSubstr("(50000 bytes came, 3 retries did not help): see to the store")));
  EXPECT_EQ(blunt.Ranges("/a.yuv").size(), 4U);
}

TEST_F(FetchTest, AFileThatChangesBetweenTwoAttemptsIsAnError) {
  server_.Add("/a.yuv", bytes_, {.cut_after = 1'000'000, .changes = true});

  EXPECT_THAT(WhyNot(server_, "/a.yuv"), HasSubstr("it changed on the server while it was read"));
}

TEST_F(FetchTest, SaysWhatAServersRefusalMeans) {
  server_.Add("/403", "x", {.status = 403});
  server_.Add("/400", "x", {.status = 400});
  server_.Add("/503", "x", {.status = 503});
  server_.Add("/later", "it came", {.times = 3, .status = 503});

  EXPECT_THAT(WhyNot(server_, "/none"),
              HasSubstr("/none: the server has no such object (HTTP 404)"));
  EXPECT_THAT(WhyNot(server_, "/403"), HasSubstr("refuses to give it out (HTTP 403)"));
  EXPECT_THAT(WhyNot(server_, "/400"), HasSubstr("the server answers HTTP 400"));
  EXPECT_THAT(WhyNot(server_, "/503"),
              HasSubstr("HTTP 503: try again later (0 bytes came, 3 retries"));
  EXPECT_EQ(server_.Ranges("/403").size(), 1U);
  EXPECT_EQ(*ReadAll(*Start(server_, "/later")), "it came");
}

TEST_F(FetchTest, NoRedirectLeadsInCirclesOrToAnotherProtocol) {
  EXPECT_THAT(WhyNot(server_, "/loop"), HasSubstr("Maximum (10) redirects followed"));
  EXPECT_THAT(WhyNot(server_, "/away"), HasSubstr("ftp"));
}

TEST_F(FetchTest, NoErrorHoldsTheSecretOfASignedUrl) {
  server_.Add("/403", "x", {.status = 403});
  for (const char* path : {"/403", "/none", "/loop", "/away"}) {
    EXPECT_EQ(WhyNot(server_, path).find("secret"), std::string::npos) << WhyNot(server_, path);
  }
}

TEST_F(FetchTest, AServerWhoseCertificateIsNotTrustedIsAnError) {
  server_.Add("/a.yuv", bytes_);
  Fetch fetch(MakeHttpSource({.url = server_.Url("/a.yuv"), .name = "a"}, clock_),
              FetchOptions{.most_retries = 0}, clock_, base::Log::Nowhere());

  EXPECT_THAT(ReadAll(fetch).error().message(), HasSubstr("certificate"));
}

TEST_F(FetchTest, AServerThatFallsSilentIsGivenUp) {
  server_.Add("/a.yuv", bytes_, {.times = 1, .cut_after = 1'000'000, .silent = true});
  const auto all = ReadAll(*Start(server_, "/a.yuv", 1s));
  ASSERT_TRUE(all.ok()) << all.error().message();
  EXPECT_TRUE(*all == bytes_);

  server_.Add("/b.yuv", bytes_, {.cut_after = 0, .silent = true});
  EXPECT_THAT(ReadAll(*Start(server_, "/b.yuv", 50ms)).error().message(),
              HasSubstr("the server has sent nothing for 0.05 s"));
}

TEST_F(FetchTest, HoldsTheBytesAgainstTheServersDigest) {
  // SHA-256 of "hello", base64: RFC 9530.
  const std::string digest = "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=";
  server_.Add("/good", "hello");
  server_.AddHeader("/good", "Repr-Digest: md5=:x:, sha-256=:" + digest + ":\r\n");
  server_.Add("/bad", "hullo");
  server_.AddHeader("/bad", "Repr-Digest: sha-256=:" + digest + ":\r\n");
  server_.Add("/strange", "hello");
  server_.AddHeader("/strange", "Repr-Digest: sha-256=:????:, =,::::\r\n");

  EXPECT_EQ(*ReadAll(*Start(server_, "/good")), "hello");
  EXPECT_EQ(*ReadAll(*Start(server_, "/strange")), "hello");
  EXPECT_THAT(
      WhyNot(server_, "/bad"),
      AllOf(
          HasSubstr("what came is not what the store has: sha256 is "),
          HasSubstr(
              "the store says 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")));
}

TEST_F(FetchTest, ACompressedAnswerIsRefused) {
  server_.Add("/a.yuv", "hello");
  server_.AddHeader("/a.yuv", "Content-Encoding: gzip\r\n");

  EXPECT_THAT(WhyNot(server_, "/a.yuv"), HasSubstr("the server sends it as gzip"));
}

TEST_F(FetchTest, StopsAtOnceWhenAskedAndWhenItIsDropped) {
  server_.Add("/a.yuv", bytes_, {.cut_after = 100, .silent = true});
  std::stop_source stop;
  const auto fetch = Start(server_, "/a.yuv");
  base::Crew crew;
  crew.Start("stopper", [&](const std::stop_token&) { stop.request_stop(); });

  const auto read = ReadAll(*fetch, Soon().Stopping(stop.get_token()));

  EXPECT_TRUE(read.Is(Code::kCancelled)) << read.error().message();
  // Its destruction is bounded by the test's own time limit: the server would wait for ever.
}

TEST_F(FetchTest, WaitsForASlowReader) {
  server_.Add("/large", MakeBytes(40'000'000));
  const auto fetch = Start(server_, "/large");
  ASSERT_TRUE(fetch->Peek(10, Soon()).ok());
  Until::After(clock_, 50ms).Pause(50ms);  // its memory is full by now

  EXPECT_EQ(ReadAll(*fetch)->size(), 40'000'000U);
}

class ScratchTest : public FetchTest {
 protected:
  Result<scoring::Input> Spool(const std::string& path, ScratchOptions options) {
    return FetchToScratch(*Start(server_, path), options, Soon());
  }
  sys::TempDir folder_ = *sys::TempDir::Make("scratch");
};

TEST_F(ScratchTest, AFileIsThereToReadAndLeavesNothingBehind) {
  server_.Add("/a.mp4", bytes_);
  {
    const auto input = Spool("/a.mp4", {.folder = folder_.path()});

    ASSERT_TRUE(input.ok()) << input.error().message();
    EXPECT_TRUE(*sys::ReadFile(input->path) == bytes_);
    EXPECT_EQ(input->name, server_.Url("/a.mp4"));
    EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(ScratchTest, ALargeFileIsRefusedBeforeItComesAndWhileItComes) {
  server_.Add("/a.mp4", bytes_);
  EXPECT_THAT(Spool("/a.mp4", {.folder = folder_.path(), .limit = 1000}).error().message(),
              HasSubstr("has 3000000 bytes, and a file that must be decoded may have 1000 here"));
  EXPECT_THAT(Spool("/a.mp4", {}).error().message(), HasSubstr("no scratch folder"));
  EXPECT_TRUE(Spool("/a.mp4", {.folder = "/nonexistent"}).Is(Code::kNotFound));
}

TEST_F(ScratchTest, AFileThatBreaksOffIsNoFile) {
  server_.Add("/a.mp4", MakeBytes(100), {.status = 503});

  EXPECT_THAT(Spool("/a.mp4", {.folder = folder_.path()}).error().message(), HasSubstr("HTTP 503"));
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

}  // namespace
}  // namespace vmafx::node
