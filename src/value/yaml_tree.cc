#include "value/yaml_tree.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include <libfyaml.h>

#include "base/text.h"
#include "value/utf8.h"

namespace value {
namespace {

constexpr std::string_view kLongTag = "tag:yaml.org,2002:";

std::string TextOf(fy_token* token) {
  size_t length = 0;
  const char* text = token == nullptr ? nullptr : fy_token_get_text(token, &length);
  return text == nullptr ? std::string() : std::string(text, length);
}

std::string ShortTag(fy_token* token) {
  std::string tag = TextOf(token);
  if (tag.compare(0, kLongTag.size(), kLongTag) == 0) return "!!" + tag.substr(kLongTag.size());
  return tag == "!" ? "" : tag;
}

size_t IndentOf(std::string_view line) {
  return std::min(line.find_first_not_of(' '), line.size());
}

// With one of the line breaks of YAML 1.1: CR, LF, NEL, LS, PS.
bool EndsLine(std::string_view line) {
  constexpr std::string_view kBreaks[] = {"\n", "\r", "\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xA9"};
  return std::any_of(std::begin(kBreaks), std::end(kBreaks),
                     [&](std::string_view end) { return line.ends_with(end); });
}

// A change of the text that makes libfyaml read it right.
struct Patch {
  size_t at = 0;
  size_t length = 0;
  std::string text;
};

class Reader {
 public:
  // What to change before reading again, after Read failed: see CheckBlock.
  const std::optional<Patch>& patch() const { return patch_; }

  Reader(std::string_view text, const std::string& file, int first_line, YamlTree& tree,
         std::vector<Problem>& problems)
      : text_(text), file_(file), first_line_(first_line), tree_(tree), problems_(problems) {}

  bool Read();

 private:
  enum class Step { kMore, kEnd, kFailed };

  // Parser, diagnostics and their settings live and die together.
  struct Parser {
    explicit Parser(std::string_view text);
    ~Parser();
    Parser(const Parser&) = delete;
    Parser& operator=(const Parser&) = delete;

    fy_diag* diag = nullptr;
    fy_parser* parser = nullptr;
  };

  Step Take(fy_event* event);
  Step Open(YamlNode::Kind kind, fy_event* event);
  Step Scalar(fy_event* event);
  Step Block(fy_event* event, YamlNode& node);
  Step Alias(fy_event* event);
  std::optional<size_t> Add(YamlNode node, fy_token* anchor);
  void CheckRest(Parser& parser);
  Mark MarkOf(fy_event* event) const;
  Step Fail(Mark mark, std::string message);
  void ReportSyntax(const Parser& parser);
  std::optional<Patch> EmptyItem(const fy_diag_error& error) const;

  const std::string_view text_;
  const std::string& file_;
  const int first_line_;
  YamlTree& tree_;
  std::vector<Problem>& problems_;
  std::optional<Patch> patch_;
  std::vector<size_t> open_;
  std::map<std::string, size_t> anchors_;
};

Reader::Parser::Parser(std::string_view text) {
  fy_diag_cfg diag_settings{};
  fy_diag_cfg_default(&diag_settings);
  diag_settings.fp = nullptr;
  diag_settings.colorize = false;
  diag = fy_diag_create(&diag_settings);
  fy_diag_set_collect_errors(diag, true);
  fy_parse_cfg settings{};
  settings.search_path = "";
  settings.flags = static_cast<fy_parse_cfg_flags>(
      FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_DISABLE_DEPTH_LIMIT | FYPCF_DEFAULT_VERSION_1_1 |
      FYPCF_SLOPPY_FLOW_INDENTATION | FYPCF_JSON_NONE);
  settings.diag = diag;
  parser = fy_parser_create(&settings);
  if (parser != nullptr && fy_parser_set_string(parser, text.data(), text.size()) != 0) {
    fy_parser_destroy(parser);
    parser = nullptr;
  }
}

Reader::Parser::~Parser() {
  if (parser != nullptr) fy_parser_destroy(parser);
  if (diag != nullptr) fy_diag_destroy(diag);
}

bool Reader::Read() {
  Parser parser(text_);
  if (parser.parser == nullptr) return Fail({first_line_, 1}, "no memory") == Step::kEnd;
  const auto free_event = [&](fy_event* event) { fy_parser_event_free(parser.parser, event); };
  while (true) {
    const std::unique_ptr<fy_event, decltype(free_event)> event(fy_parser_parse(parser.parser),
                                                                free_event);
    if (!event) {
      if (fy_parser_get_stream_error(parser.parser)) ReportSyntax(parser);
      return !fy_parser_get_stream_error(parser.parser);
    }
    switch (Take(event.get())) {
      case Step::kMore:
        break;
      case Step::kEnd:
        CheckRest(parser);
        return true;
      case Step::kFailed:
        return false;
    }
  }
}

Reader::Step Reader::Take(fy_event* event) {
  switch (event->type) {
    case FYET_SCALAR:
      return Scalar(event);
    case FYET_ALIAS:
      return Alias(event);
    case FYET_SEQUENCE_START:
      return Open(YamlNode::Kind::kSequence, event);
    case FYET_MAPPING_START:
      return Open(YamlNode::Kind::kMapping, event);
    case FYET_SEQUENCE_END:
    case FYET_MAPPING_END:
      open_.pop_back();
      return Step::kMore;
    case FYET_DOCUMENT_END:
      return Step::kEnd;
    default:
      return Step::kMore;
  }
}

Reader::Step Reader::Open(YamlNode::Kind kind, fy_event* event) {
  const Mark mark = MarkOf(event);
  if (open_.size() >= static_cast<size_t>(kMaxYamlDepth)) {
    return Fail(mark, fmt::format("nested deeper than {} levels", kMaxYamlDepth));
  }
  YamlNode node;
  node.kind = kind;
  node.mark = mark;
  node.tag = ShortTag(fy_event_get_tag_token(event));
  const auto index = Add(std::move(node), fy_event_get_anchor_token(event));
  open_.push_back(*index);
  return Step::kMore;
}

Reader::Step Reader::Scalar(fy_event* event) {
  YamlNode node;
  node.mark = MarkOf(event);
  node.tag = ShortTag(event->scalar.tag);
  node.text = TextOf(event->scalar.value);
  node.plain =
      event->scalar.value == nullptr || fy_token_scalar_style(event->scalar.value) == FYSS_PLAIN;
  if (FindInvalidUtf8(node.text) != std::string::npos) {
    return Fail(node.mark, "not UTF-8 text");
  }
  if (event->scalar.value != nullptr) {
    const fy_scalar_style style = fy_token_scalar_style(event->scalar.value);
    const bool quoted = style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
    const bool block = style == FYSS_LITERAL || style == FYSS_FOLDED;
    if (quoted) node.mark.column -= 1;  // libfyaml marks what is inside
    if (block && Block(event, node) == Step::kFailed) return Step::kFailed;
  }
  Add(std::move(node), event->scalar.anchor);
  return Step::kMore;
}

// libfyaml's mark of a block scalar is the line below its header: put it right. And libfyaml 0.7.12
// takes lines that stand at the parent's own column for content of a block scalar that has none
// ("a: |" followed by "b: 1" swallows b): then the header is to be replaced by a quoted string.
Reader::Step Reader::Block(fy_event* event, YamlNode& node) {
  const size_t content = fy_event_start_mark(event)->input_pos;
  if (content == 0 || content > text_.size()) return Step::kMore;
  const size_t line_start = text_.rfind('\n', content - 2) + 1;  // 0 when there is none
  const std::string_view line = text_.substr(line_start, content - line_start);
  const size_t header = line.substr(0, line.find(" #")).find_last_of("|>");
  if (header == std::string_view::npos) return Step::kMore;
  if (EndsLine(line)) node.mark.line -= 1;  // else the text ends with the header
  node.mark.column = static_cast<int>(header) + 1;

  const std::string_view sign = line.substr(header, line.find_first_of(" \t\r\n", header) - header);
  const size_t first = text_.find_first_not_of(" \r\n", content);
  const bool given = sign.find_first_of("0123456789") != std::string_view::npos;
  if (given || open_.empty() || first == std::string_view::npos) return Step::kMore;
  const size_t first_line = text_.rfind('\n', first) + 1;
  const YamlNode& parent = tree_.nodes[open_.back()];
  const YamlNode& column = parent.children.empty() ? parent : tree_.nodes[parent.children[0]];
  const auto indent = static_cast<size_t>(
      (parent.kind == YamlNode::Kind::kMapping ? column : parent).mark.column - 1);
  const bool swallowed = node.text.find_first_not_of('\n') != std::string::npos;
  if (!swallowed || IndentOf(text_.substr(first_line)) > indent) return Step::kMore;

  std::string blank = "\"";
  if (sign.find('+') != std::string_view::npos) {
    const std::string_view between = text_.substr(content, first_line - content);
    for (auto n = std::count(between.begin(), between.end(), '\n'); n > 0; --n) blank += "\\n";
  }
  patch_ = Patch{line_start + header, sign.size(), blank + "\""};
  return Step::kFailed;
}

Reader::Step Reader::Alias(fy_event* event) {
  YamlNode node;
  node.kind = YamlNode::Kind::kAlias;
  node.mark = MarkOf(event);
  node.mark.column -= 1;  // of the *
  node.text = TextOf(event->alias.anchor);
  const auto anchor = anchors_.find(node.text);
  if (anchor == anchors_.end()) {
    return Fail(node.mark, fmt::format("no anchor \"&{}\" before this alias", node.text));
  }
  node.target = anchor->second;
  Add(std::move(node), nullptr);
  return Step::kMore;
}

std::optional<size_t> Reader::Add(YamlNode node, fy_token* anchor) {
  const size_t index = tree_.nodes.size();
  if (anchor != nullptr) anchors_[TextOf(anchor)] = index;
  if (!open_.empty()) tree_.nodes[open_.back()].children.push_back(index);
  tree_.nodes.push_back(std::move(node));
  return index;
}

// Kubernetes' tools read one document of each part between --- lines; "..." would begin another.
void Reader::CheckRest(Parser& parser) {
  while (fy_event* event = fy_parser_parse(parser.parser)) {
    const bool more = event->type == FYET_DOCUMENT_START;
    const Mark mark = MarkOf(event);
    fy_parser_event_free(parser.parser, event);
    if (!more) continue;
    problems_.push_back({file_, mark, "text after the document's end (...) is ignored", true});
    return;
  }
}

Mark Reader::MarkOf(fy_event* event) const {
  const fy_mark* mark = fy_event_start_mark(event);
  if (mark != nullptr) return {mark->line + first_line_, mark->column + 1};
  return tree_.nodes.empty() ? Mark{first_line_, 1} : tree_.nodes.back().mark;
}

Reader::Step Reader::Fail(Mark mark, std::string message) {
  problems_.push_back({file_, mark, std::move(message)});
  return Step::kFailed;
}

void Reader::ReportSyntax(const Parser& parser) {
  void* previous = nullptr;
  const fy_diag_error* error = fy_diag_errors_iterate(parser.diag, &previous);
  if (error == nullptr || error->msg == nullptr) {
    Fail(MarkOf(nullptr), "not valid YAML");
    return;
  }
  std::string message = ToValidUtf8(error->msg);
  while (!message.empty() && message.back() == '\n') message.pop_back();
  if (message == "did not find expected node content") patch_ = EmptyItem(*error);
  if (!patch_) Fail({error->line + first_line_ - 1, error->column}, std::move(message));
}

// libfyaml 0.7.12 stumbles over an empty last item of a list that stands at its key's own column
// ("a:\n-\n"): then a null is to be put there.
std::optional<Patch> Reader::EmptyItem(const fy_diag_error& error) const {
  std::optional<Patch> patch;
  size_t start = 0;
  for (int line = 1; line < error.line && start < text_.size(); ++line) {
    const size_t end = std::min(text_.find('\n', start), text_.size());
    const std::string_view content = text_.substr(start, end - start);
    const std::string_view code = base::Trim(content.substr(0, content.find(" #")));
    if (!code.empty() && code[0] != '#') {  // the last line before it decides
      patch.reset();
      const size_t dash = content.substr(0, content.find(" #")).rfind('-');
      const bool item = code == "-" || (code.size() > 1 && code.substr(code.size() - 2) == " -");
      if (item) patch = Patch{start + dash + 1, 0, " ~"};
    }
    start = end + 1;
  }
  return patch;
}

}  // namespace

bool ReadYamlTree(std::string_view text, const std::string& file, int first_line, YamlTree& tree,
                  std::vector<Problem>& problems) {
  constexpr size_t kMaxWork = size_t{64} << 20;  // bytes read over and over
  std::string patched;
  for (size_t work = 0;; work += text.size()) {
    tree = {};
    Reader reader(text, file, first_line, tree, problems);
    if (reader.Read()) return true;
    if (!reader.patch()) return false;
    if (work > kMaxWork) {
      problems.push_back(
          {file, {first_line, 1}, "too many block scalars and items without content"});
      return false;
    }
    std::string next(text);
    next.replace(reader.patch()->at, reader.patch()->length, reader.patch()->text);
    patched = std::move(next);
    text = patched;
  }
}

}  // namespace value
