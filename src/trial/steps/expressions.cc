#include "trial/steps/expressions.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"

namespace trial {
namespace {

using value::Json;

bool Same(const kube::ObjectPtr& one, const kube::ObjectPtr& other) {
  return one == other || (one->uid() == other->uid() && !one->uid().empty() &&
                          one->resource_version() == other->resource_version());
}

// The reference as an object that has to be there. Its source knows one place only.
Manifest ManifestOf(const ResourceRef& ref) {
  auto source = std::make_shared<value::Document>();
  source->file = ref.place.file;
  source->start = ref.place.mark;
  Manifest manifest;
  manifest.object = kube::Object(Json{{"apiVersion", ref.kind.ApiVersion()},
                                      {"kind", ref.kind.kind},
                                      {"metadata", {{"name", ref.name}}}});
  manifest.source = std::move(source);
  return manifest;
}

// What decided it, a line each.
std::vector<std::string> Lines(const expect::Truth& truth) {
  std::vector<std::string> lines;
  for (const expect::Operand& operand : truth.operands)
    lines.push_back(fmt::format("{}: {}", operand.text, operand.value));
  return lines;
}

// `expression "x == 1" evaluated to false`, as kuttl words it.
std::string VerdictText(const std::string& text, const expect::Truth& truth) {
  if (!truth.error.empty())
    return fmt::format("expression \"{}\" has no value: {}", text, truth.error);
  return fmt::format("expression \"{}\" evaluated to {}", text, truth.value);
}

}  // namespace

Expressions::Expressions(const StepContext& context, const Step& step)
    : context_(context), check_(step.check ? &*step.check : nullptr) {
  if (check_ == nullptr) return;
  for (const auto* list : {&check_->assert_any, &check_->assert_all}) {
    for (const Expression& expression : *list) {
      all_.push_back(&expression);
      texts_.push_back(std::string(base::Trim(expression.text)));
    }
  }
}

std::vector<Wanted> Expressions::Refs() const {
  std::vector<Wanted> wanted;
  if (check_ == nullptr) return wanted;
  for (const ResourceRef& ref : check_->refs) {
    Wanted& one = wanted.emplace_back();
    one.manifest = ManifestOf(ref);
    one.want = Condition::Want::kPresent;
    one.ns = ref.ns;
  }
  return wanted;
}

Judgement Expressions::Judge(const std::vector<Judgement>& refs, const base::Until& until) {
  Judgement judgement;
  std::vector<kube::ObjectPtr> objects;
  for (const Judgement& ref : refs) {
    if (ref.holds && ref.nearest) objects.push_back(ref.nearest);
  }
  if (!objects.empty()) judgement.nearest = objects.front();
  if (objects.size() < refs.size()) {
    truths_.clear();
    unknown_ = "its objects are not all there";
    return judgement;
  }
  const bool known = !truths_.empty() && objects.size() == objects_.size() &&
                     std::equal(objects.begin(), objects.end(), objects_.begin(), Same);
  if (!known) {
    const auto evaluated = Evaluate(objects, until);
    if (!evaluated.ok()) {
      truths_.clear();
      unknown_ = evaluated.error().message();
      judgement.error = evaluated.error();
      return judgement;
    }
  }
  judgement.holds = Holds();
  return judgement;
}

base::Result<> Expressions::Evaluate(const std::vector<kube::ObjectPtr>& objects,
                                     const base::Until& until) {
  if (context_.evaluator == nullptr)
    return base::Fail(base::Code::kInternal, "expressions (CEL) cannot be evaluated in this run");
  std::map<std::string, const Json*> variables;
  for (size_t i = 0; i < objects.size(); ++i) variables[check_->refs[i].ref] = &objects[i]->json();
  truths_ = TRY(context_.evaluator->Evaluate(variables, texts_, until));
  objects_ = objects;
  return base::Ok();
}

bool Expressions::Holds() const {
  return FirstMiss() == nullptr;
}

const Expression* Expressions::FirstMiss() const {
  const auto holds = [](const expect::Truth& truth) { return truth.holds; };
  if (truths_.empty()) return all_.empty() ? nullptr : all_.front();
  const auto first_all = truths_.begin() + static_cast<std::ptrdiff_t>(check_->assert_any.size());
  if (first_all != truths_.begin() && std::none_of(truths_.begin(), first_all, holds))
    return all_.front();
  const auto miss = std::find_if_not(first_all, truths_.end(), holds);
  return miss == truths_.end() ? nullptr : all_[static_cast<size_t>(miss - truths_.begin())];
}

std::string Expressions::Subject() const {
  const Expression* miss = FirstMiss();
  if (miss == nullptr) return "";
  return fmt::format("expression {} ({})", base::Trim(miss->text), miss->place.Text());
}

std::string Expressions::Miss() const {
  if (truths_.empty()) return unknown_;
  const Expression* miss = FirstMiss();
  if (miss == nullptr) return "";
  const auto at = static_cast<size_t>(std::find(all_.begin(), all_.end(), miss) - all_.begin());
  const size_t others = at < check_->assert_any.size() ? check_->assert_any.size() - 1 : 0;
  return truths_[at].Text() +
         (others > 0 ? fmt::format(" and so {} more of assertAny", others) : "");
}

Failure Expressions::AnyFailure() const {
  const size_t count = check_->assert_any.size();
  Failure failure = FailureAt(
      all_[0]->place, count == 1 ? "assertAny: " + VerdictText(texts_[0], truths_[0])
                                 : fmt::format("assertAny: none of {} expressions is true", count));
  for (size_t i = 0; i < count; ++i) {
    if (count > 1) {
      failure.details.push_back(
          fmt::format("{}: {}", all_[i]->place.Text(), VerdictText(texts_[i], truths_[i])));
    }
    for (std::string& line : Lines(truths_[i]))
      failure.details.push_back((count > 1 ? "  " : "") + std::move(line));
  }
  return failure;
}

std::vector<Failure> Expressions::Failures() const {
  std::vector<Failure> failures;
  if (all_.empty()) return failures;
  if (truths_.empty()) {
    failures.push_back(
        FailureAt(all_[0]->place, fmt::format("expression \"{}\": {}", texts_[0], unknown_)));
    return failures;
  }
  const size_t any = check_->assert_any.size();
  const bool none =
      std::none_of(truths_.begin(), truths_.begin() + static_cast<std::ptrdiff_t>(any),
                   [](const expect::Truth& truth) { return truth.holds; });
  if (any > 0 && none) failures.push_back(AnyFailure());
  for (size_t i = any; i < truths_.size(); ++i) {
    if (truths_[i].holds) continue;
    Failure& failure = failures.emplace_back(
        FailureAt(all_[i]->place, "assertAll: " + VerdictText(texts_[i], truths_[i])));
    failure.details = Lines(truths_[i]);
  }
  return failures;
}

}  // namespace trial
