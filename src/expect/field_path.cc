#include "expect/field_path.h"

#include <charconv>
#include <optional>

#include <fmt/format.h>

namespace expect {
namespace {

using base::Code;
using base::Fail;

// A scalar as people write it in [key=value].
std::string TextOf(const Json& json) {
  return json.is_string() ? json.get<std::string>() : json.dump();
}

std::optional<int> AsIndex(std::string_view text) {
  int index = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), index);
  if (text.empty() || parsed.ec != std::errc() || parsed.ptr != text.data() + text.size())
    return std::nullopt;
  return index;
}

}  // namespace

// Reads a path from left to right.
class FieldPath::Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  base::Result<std::vector<Step>> Read() {
    if (!text_.empty() && text_[0] != '.' && text_[0] != '[') TRY(ReadKey());
    while (at_ < text_.size()) {
      if (text_[at_] == '.') {
        ++at_;
        TRY(ReadKey());
      } else if (text_[at_] == '[') {
        ++at_;
        TRY(ReadBracket());
      } else {
        return Wrong("expected . or [");
      }
    }
    if (steps_.empty()) return Wrong("it is empty");
    return std::move(steps_);
  }

 private:
  base::Error Wrong(std::string_view what) const {
    return Fail(Code::kInvalid, "path \"{}\": {} at character {}", text_, what, at_ + 1);
  }

  base::Result<> ReadKey() {
    const size_t end = std::min(text_.find_first_of(".[", at_), text_.size());
    if (end == at_) return Wrong("expected a key");
    steps_.push_back({Step::Kind::kKey, std::string(text_.substr(at_, end - at_)), "", 0});
    at_ = end;
    return base::Ok();
  }

  base::Result<std::string> ReadQuoted() {
    const char quote = text_[at_];
    const size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) return Wrong("the quote does not end");
    std::string inside(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return inside;
  }

  bool AtQuote() const { return at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\''); }

  base::Result<> Close() {
    if (at_ >= text_.size() || text_[at_] != ']') return Wrong("expected ]");
    ++at_;
    return base::Ok();
  }

  base::Result<> ReadBracket() {
    if (AtQuote()) {
      steps_.push_back({Step::Kind::kKey, TRY(ReadQuoted()), "", 0});
      return Close();
    }
    const size_t end = text_.find_first_of("=]", at_);
    if (end == std::string_view::npos) return Wrong("the [ does not end");
    const std::string word(text_.substr(at_, end - at_));
    if (text_[end] == '=') {
      if (word.empty()) return Wrong("expected a key before =");
      at_ = end + 1;
      return ReadWanted(word);
    }
    if (word == "*") {
      steps_.push_back({Step::Kind::kEach, "", "", 0});
    } else if (const auto index = AsIndex(word)) {
      steps_.push_back({Step::Kind::kIndex, "", "", *index});
    } else {
      return Wrong("expected a number, *, key=value or a quoted key in [ ]");
    }
    at_ = end;
    return Close();
  }

  base::Result<> ReadWanted(const std::string& key) {
    std::string wanted;
    if (AtQuote()) {
      wanted = TRY(ReadQuoted());
    } else {
      const size_t end = std::min(text_.find(']', at_), text_.size());
      wanted = text_.substr(at_, end - at_);
      at_ = end;
    }
    steps_.push_back({Step::Kind::kWhere, key, std::move(wanted), 0});
    return Close();
  }

  std::string_view text_;
  size_t at_ = 0;
  std::vector<Step> steps_;
};

base::Result<FieldPath> FieldPath::Parse(std::string_view text) {
  FieldPath path;
  path.text_ = text;
  path.steps_ = TRY(Reader(text).Read());
  return path;
}

std::vector<FieldPath::Found> FieldPath::Select(const Json& root) const {
  std::vector<Found> found;
  Follow(0, {}, root, found);
  return found;
}

void FieldPath::Follow(size_t at, Path path, const Json& json, std::vector<Found>& found) const {
  if (at == steps_.size()) {
    found.push_back({std::move(path), &json, ""});
    return;
  }
  const Step& step = steps_[at];
  const auto deeper = [&](const std::string& key, const Json& child) {
    Path below = path;
    below.push_back(key);
    Follow(at + 1, std::move(below), child, found);
  };
  const size_t before = found.size();
  std::string missing;
  switch (step.kind) {
    case Step::Kind::kKey:
      if (const auto child = json.find(step.key); json.is_object() && child != json.end())
        return deeper(step.key, *child);
      missing = fmt::format("no {}", step.key);
      break;
    case Step::Kind::kIndex: {
      const auto size = static_cast<int>(json.is_array() ? json.size() : 0);
      const int index = step.index < 0 ? size + step.index : step.index;
      if (index >= 0 && index < size)
        return deeper(std::to_string(index), json[static_cast<size_t>(index)]);
      missing = json.is_array() ? fmt::format("no element {} in a list of {}", step.index, size)
                                : "no list";
      break;
    }
    case Step::Kind::kEach:
      if (json.is_object())
        for (const auto& [key, child] : json.items()) deeper(key, child);
      if (json.is_array())
        for (size_t i = 0; i < json.size(); ++i) deeper(std::to_string(i), json[i]);
      missing = json.is_structured() ? "no element" : "no list";
      break;
    case Step::Kind::kWhere:
      for (size_t i = 0; json.is_array() && i < json.size(); ++i) {
        const auto key = json[i].is_object() ? json[i].find(step.key) : json[i].end();
        if (json[i].is_object() && key != json[i].end() && TextOf(*key) == step.wanted)
          deeper(std::to_string(i), json[i]);
      }
      missing =
          json.is_array() ? fmt::format("no element with {}={}", step.key, step.wanted) : "no list";
      break;
  }
  if (found.size() == before) found.push_back({std::move(path), nullptr, std::move(missing)});
}

std::vector<std::string> FieldPath::Keys() const {
  std::vector<std::string> keys;
  for (const Step& step : steps_)
    keys.push_back(step.kind == Step::Kind::kKey ? step.key : std::string());
  return keys;
}

}  // namespace expect
