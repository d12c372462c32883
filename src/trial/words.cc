#include "trial/words.h"

#include <cctype>
#include <utility>

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

namespace {

// The states of google/shlex's tokenizer.
class WordSplitter {
 public:
  void Take(char c) {
    switch (state_) {
      case State::kStart:
      case State::kWord:
        return TakeBare(c);
      case State::kEscape:
        return Append(c, State::kWord);
      case State::kDouble:
        if (c == '"')
          state_ = State::kWord;
        else if (c == '\\')
          state_ = State::kDoubleEscape;
        else
          word_ += c;
        return;
      case State::kDoubleEscape:
        return Append(c, State::kDouble);
      case State::kSingle:
        if (c == '\'')
          state_ = State::kWord;
        else
          word_ += c;
        return;
      case State::kComment:
        if (c == '\n') state_ = State::kStart;
        return;
    }
  }

  base::Result<std::vector<std::string>> Finish(std::string_view text) {
    if (state_ == State::kEscape || state_ == State::kDoubleEscape)
      return Fail(Code::kInvalid, "the command ends after a backslash: {}", text);
    if (state_ == State::kDouble || state_ == State::kSingle)
      return Fail(Code::kInvalid, "a quote is not closed: {}", text);
    if (state_ == State::kWord) EndWord();
    return std::move(words_);
  }

 private:
  enum class State { kStart, kWord, kEscape, kDouble, kDoubleEscape, kSingle, kComment };

  void TakeBare(char c) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      if (state_ == State::kWord) EndWord();
    } else if (c == '#' && state_ == State::kStart) {
      state_ = State::kComment;
    } else if (c == '"') {
      state_ = State::kDouble;
    } else if (c == '\'') {
      state_ = State::kSingle;
    } else if (c == '\\') {
      state_ = State::kEscape;
    } else {
      Append(c, State::kWord);
    }
  }

  void Append(char c, State next) {
    word_ += c;
    state_ = next;
  }

  void EndWord() {
    words_.push_back(std::exchange(word_, {}));
    state_ = State::kStart;
  }

  State state_ = State::kStart;
  std::string word_;
  std::vector<std::string> words_;
};

}  // namespace

base::Result<std::vector<std::string>> SplitWords(std::string_view text) {
  WordSplitter splitter;
  for (const char c : text) splitter.Take(c);
  return splitter.Finish(text);
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
