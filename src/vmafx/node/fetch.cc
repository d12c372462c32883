#include "vmafx/node/fetch.h"

#include <algorithm>
#include <cstring>

#include <openssl/evp.h>

#include "vmafx/node/backoff.h"

namespace vmafx::node {

using base::Code;
using base::Fail;
using base::Result;
using base::Until;

namespace {

constexpr size_t kPieces = 16;
constexpr size_t kPieceBytes = 256 << 10;
constexpr auto kMostBackoff = std::chrono::seconds(10);

struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// A checksum as bytes come.
class Digest {
 public:
  explicit Digest(const Checksum& expected) : expected_(expected), context_(EVP_MD_CTX_new()) {
    const EVP_MD* algorithm = EVP_get_digestbyname(expected.algorithm.c_str());
    usable_ = algorithm != nullptr && EVP_DigestInit_ex(context_.get(), algorithm, nullptr) == 1;
  }
  void Add(std::string_view bytes) {
    if (usable_) EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
  }
  Result<> Check() {
    if (!usable_) return base::Ok();
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_DigestFinal_ex(context_.get(), bytes, &size);
    std::string hex;
    for (unsigned i = 0; i < size; ++i) hex += fmt::format("{:02x}", bytes[i]);
    if (hex == expected_.hex) return base::Ok();
    return Fail(Code::kInvalid,
                "what came is not what the store has: {} is {}, the store says {}; start the job "
                "again, and if it stays so, upload it again",
                expected_.algorithm, hex, expected_.hex);
  }

 private:
  Checksum expected_;
  std::unique_ptr<EVP_MD_CTX, FreeDigest> context_;
  bool usable_ = false;
};

}  // namespace

// Counts and checks, gathers small pieces, and hands them to the reader.
class Fetch::Intake final : public Receiver {
 public:
  Intake(Fetch& fetch, const Until& until) : fetch_(fetch), until_(until) {}

  Result<> Begin(const SourceInfo& info) override {
    if (begun_) return base::Ok();  // sources see to it that it is still the same object
    begun_ = true;
    size_ = info.size;
    if (info.checksum) digest_.emplace(*info.checksum);
    fetch_.state_.With([&](State& state) { state.info = info; });
    return base::Ok();
  }

  Result<> Take(std::string_view bytes) override {
    came_ += bytes.size();
    if (size_ && came_ > *size_) {
      return Fail(Code::kInvalid, "more comes than the {} bytes that the store said", *size_);
    }
    if (digest_) digest_->Add(bytes);
    gathered_ += bytes;
    return gathered_.size() < kPieceBytes ? base::Ok() : HandOver();
  }

  // What is gathered goes to the reader, as it must before a wait.
  Result<> HandOver() {
    if (gathered_.empty()) return base::Ok();
    return fetch_.pieces_.Push(std::exchange(gathered_, {}), until_);
  }

  Result<> Check() {
    if (size_ && came_ < *size_) {
      return Fail(Code::kUnavailable, "it broke off after {} of {} bytes", came_, *size_);
    }
    if (digest_) TRY(digest_->Check());
    return HandOver();
  }

  uint64_t came() const { return came_; }
  bool complete() const { return size_ && came_ == *size_; }

 private:
  Fetch& fetch_;
  const Until& until_;
  bool begun_ = false;
  uint64_t came_ = 0;
  std::optional<uint64_t> size_;
  std::optional<Digest> digest_;
  std::string gathered_;
};

Fetch::Fetch(std::unique_ptr<Source> source, FetchOptions options, base::Clock& clock,
             base::Log log)
    : source_(std::move(source)),
      options_(options),
      clock_(clock),
      log_(std::move(log)),
      pieces_(kPieces) {
  crew_.Start("fetch", [this](std::stop_token stop) {
    Run(Until(clock_, base::Instant::max(), std::move(stop)));
  });
}

void Fetch::Run(const Until& until) {
  Intake intake(*this, until);
  auto read = ReadAll(intake, until);
  if (!read.ok()) {
    state_.With([&](State& state) { state.error = std::move(read).error().During(name()); });
  }
  pieces_.Close();
}

Result<> Fetch::ReadAll(Intake& intake, const Until& until) {
  Backoff backoff(options_.first_backoff, kMostBackoff, name());
  for (int retries = 0;; ++retries) {
    auto read = source_->Read(intake.came(), intake, until);
    // A connection that breaks behind the last byte has done its work.
    if (read.ok() || (read.Is(Code::kUnavailable) && intake.complete())) read = intake.Check();
    if (read.ok() || !read.Is(Code::kUnavailable)) return read;
    if (retries == options_.most_retries) {
      return Fail(
          Code::kUnavailable,
          "{} ({} bytes came, {} retries did not help): see to the store and the way to it, then "
          "submit the job again",
          read.error().message(), intake.came(), options_.most_retries);
    }
    log_.Warn("input broke off", {{"input", name()},
                                  {"bytes", intake.came()},
                                  {"retry", retries + 1},
                                  {"reason", read.error().message()}});
    TRY(intake.HandOver());
    if (!until.Pause(backoff.Next())) return Fail(Code::kCancelled, "stopped");
  }
}

Result<bool> Fetch::Fill(const Until& until) {
  if (position_ < piece_.size()) return true;
  auto next = TRY(pieces_.Pop(until).During("reading " + name()));
  if (!next) {
    if (auto error = state_.Read([](const State& state) { return state.error; })) return *error;
    return false;
  }
  piece_ = *std::move(next);
  position_ = 0;
  return true;
}

Result<std::string> Fetch::Peek(size_t count, const Until& until) {
  // Pieces are large, but the first may be gathered from a source that pauses.
  while (piece_.size() - position_ < count) {
    std::string had = piece_.substr(position_);
    position_ = piece_.size();
    auto more = Fill(until);
    if (!more.ok()) return std::move(more).error();
    if (!*more) {
      piece_ = std::move(had);
      position_ = 0;
      break;
    }
    piece_.insert(0, had);
  }
  return piece_.substr(position_, count);
}

std::optional<uint64_t> Fetch::size() const {
  return state_.Read([](const State& state) { return state.info.size; });
}

Result<size_t> Fetch::Read(uint8_t* into, size_t count, const Until& until) {
  if (!TRY(Fill(until))) return size_t{0};
  const size_t got = std::min(count, piece_.size() - position_);
  std::memcpy(into, piece_.data() + position_, got);
  position_ += got;
  return got;
}

}  // namespace vmafx::node
