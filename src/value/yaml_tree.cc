#include "value/yaml_tree.h"

#include <map>
#include <memory>
#include <optional>
#include <utility>

#include <libfyaml.h>

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

class Reader {
 public:
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
  Step Alias(fy_event* event);
  std::optional<size_t> Add(YamlNode node, fy_token* anchor);
  void CheckRest(Parser& parser);
  Mark MarkOf(fy_event* event) const;
  Step Fail(Mark mark, std::string message);
  void ReportSyntax(const Parser& parser);

  const std::string_view text_;
  const std::string& file_;
  const int first_line_;
  YamlTree& tree_;
  std::vector<Problem>& problems_;
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
  Add(std::move(node), event->scalar.anchor);
  return Step::kMore;
}

Reader::Step Reader::Alias(fy_event* event) {
  YamlNode node;
  node.kind = YamlNode::Kind::kAlias;
  node.mark = MarkOf(event);
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
  Fail({error->line + first_line_, error->column + 1}, std::move(message));
}

}  // namespace

bool ReadYamlTree(std::string_view text, const std::string& file, int first_line, YamlTree& tree,
                  std::vector<Problem>& problems) {
  return Reader(text, file, first_line, tree, problems).Read();
}

}  // namespace value
