#include "trial/words.h"

#include <cctype>
#include <optional>

#include "base/text.h"

namespace trial {
namespace {

using base::Code;
using base::Fail;

bool IsSpecial(char c) {
  return std::string_view("*#$@!?-0123456789").find(c) != std::string_view::npos;
}

bool IsNameCharacter(char c) {
  return c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0;
}

// The name after a dollar, and how many characters it took. As Go's getShellName.
struct Name {
  std::string_view name;
  size_t width = 0;
};

Name ReadName(std::string_view text) {
  if (text[0] == '{') {
    if (text.size() > 2 && IsSpecial(text[1]) && text[2] == '}') return {text.substr(1, 1), 3};
    const size_t end = text.find('}');
    if (end == std::string_view::npos) return {{}, 1};
    if (end == 1) return {{}, 2};
    return {text.substr(1, end - 1), end + 1};
  }
  if (IsSpecial(text[0])) return {text.substr(0, 1), 1};
  size_t width = 0;
  while (width < text.size() && IsNameCharacter(text[width])) ++width;
  return {text.substr(0, width), width};
}

}  // namespace

std::string ExpandVariables(std::string_view text,
                            const std::map<std::string, std::string>& variables) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const Name found = ReadName(text.substr(i + 1));
    if (found.name.empty() && found.width == 0) out += '$';
    if (found.name == "$") out += '$';
    const auto value = variables.find(std::string(found.name));
    if (value != variables.end()) out += value->second;
    i += found.width;
  }
  return out;
}

base::Result<std::vector<std::string>> SplitWords(std::string_view text) {
  enum class State { kStart, kWord, kEscape, kDouble, kDoubleEscape, kSingle, kComment };
  std::vector<std::string> words;
  std::string word;
  State state = State::kStart;
  const auto finish = [&] {
    words.push_back(std::move(word));
    word.clear();
    state = State::kStart;
  };
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    switch (state) {
      case State::kStart:
      case State::kWord:
        if (blank) {
          if (state == State::kWord) finish();
        } else if (c == '#' && state == State::kStart) {
          state = State::kComment;
        } else if (c == '"') {
          state = State::kDouble;
        } else if (c == '\'') {
          state = State::kSingle;
        } else if (c == '\\') {
          state = State::kEscape;
        } else {
          word += c;
          state = State::kWord;
        }
        break;
      case State::kEscape:
        word += c;
        state = State::kWord;
        break;
      case State::kDouble:
        if (c == '"')
          state = State::kWord;
        else if (c == '\\')
          state = State::kDoubleEscape;
        else
          word += c;
        break;
      case State::kDoubleEscape:
        word += c;
        state = State::kDouble;
        break;
      case State::kSingle:
        if (c == '\'')
          state = State::kWord;
        else
          word += c;
        break;
      case State::kComment:
        if (c == '\n') state = State::kStart;
        break;
    }
  }
  if (state == State::kEscape || state == State::kDoubleEscape)
    return Fail(Code::kInvalid, "the command ends after a backslash: {}", text);
  if (state == State::kDouble || state == State::kSingle)
    return Fail(Code::kInvalid, "a quote is not closed: {}", text);
  if (state == State::kWord) finish();
  return words;
}

namespace {

// pflag with one known flag, -n/--namespace, and unknown flags allowed: an unknown flag takes the
// next word as its value unless that starts with a dash.
class NamespaceFinder {
 public:
  explicit NamespaceFinder(const std::vector<std::string>& words) : words_(words) {}

  base::Result<std::string> Find() {
    for (next_ = 0; next_ < words_.size();) {
      const std::string& word = words_[next_++];
      if (word.size() < 2 || word[0] != '-') continue;
      if (word == "--") break;
      if (word[1] == '-') {
        TRY(Long(word.substr(2)));
      } else {
        TRY(Short(word.substr(1)));
      }
    }
    return ns_;
  }

 private:
  base::Result<> Long(const std::string& flag) {
    const size_t equals = flag.find('=');
    const std::string name = flag.substr(0, equals);
    if (name == "help") return Help();
    if (name == "namespace") {
      if (equals != std::string::npos)
        ns_ = flag.substr(equals + 1);
      else
        TRY(TakeValue("--namespace"));
    } else if (equals == std::string::npos) {
      SkipValue();
    }
    return base::Ok();
  }

  base::Result<> Short(std::string_view letters) {
    for (; !letters.empty(); letters.remove_prefix(1)) {
      if (letters[0] == 'h') return Help();
      const bool has_equals = letters.size() > 2 && letters[1] == '=';
      if (letters[0] != 'n') {
        if (has_equals) return base::Ok();
        SkipValue();
        continue;
      }
      if (has_equals)
        ns_ = letters.substr(2);
      else if (letters.size() > 1)
        ns_ = letters.substr(1);
      else
        TRY(TakeValue("-n"));
      return base::Ok();
    }
    return base::Ok();
  }

  base::Result<> TakeValue(const char* flag) {
    if (next_ >= words_.size()) return Fail(Code::kInvalid, "{} needs a value", flag);
    ns_ = words_[next_++];
    return base::Ok();
  }

  void SkipValue() {
    if (next_ < words_.size() && (words_[next_].empty() || words_[next_][0] != '-')) ++next_;
  }

  base::Result<> Help() {
    return Fail(Code::kInvalid, "-h and --help do not work in a namespaced command");
  }

  const std::vector<std::string>& words_;
  size_t next_ = 0;
  std::string ns_;
};

}  // namespace

base::Result<std::vector<std::string>> AddNamespace(std::vector<std::string> words,
                                                    const std::string& ns) {
  const std::string given = TRY(NamespaceFinder(words).Find());
  if (given.empty()) {
    words.push_back("--namespace");
    words.push_back(ns);
  }
  return words;
}

std::string Summarize(std::string_view script) {
  constexpr size_t kLongest = 70;
  std::string out;
  bool first = true;
  for (const std::string& raw : base::Split(script, '\n')) {
    const std::string_view line = base::Trim(raw);
    if (line.empty() || line[0] == '#') continue;
    const bool skip = first && line.starts_with("set -");
    first = false;
    if (skip) continue;
    if (!out.empty()) out += "; ";
    out += line;
  }
  if (out.size() > kLongest) out = out.substr(0, kLongest) + "...";
  return out;
}

}  // namespace trial
