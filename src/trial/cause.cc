#include "trial/cause.h"

#include <algorithm>

#include <fmt/format.h>

namespace trial {

std::string OneLine(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

std::string Reasoned(const std::string& reason, const std::string& message) {
  if (reason.empty()) return OneLine(message);
  return message.empty() ? reason : fmt::format("{}: {}", reason, OneLine(message));
}

std::vector<Cause> InOneLine(std::vector<Cause> causes) {
  for (Cause& cause : causes) cause.text = OneLine(std::move(cause.text));
  return causes;
}

std::vector<std::string> Lines(const std::vector<Cause>& causes) {
  std::vector<std::string> lines;
  for (const Cause& cause : causes) lines.push_back(cause.text);
  return lines;
}

const Cause* RootOf(const std::vector<Cause>& causes) {
  const Cause* root = nullptr;
  for (const Cause& cause : causes)
    if (root == nullptr || cause.weight >= root->weight) root = &cause;
  return root;
}

}  // namespace trial
