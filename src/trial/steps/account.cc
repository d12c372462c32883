#include "trial/steps/account.h"

#include <algorithm>

#include <fmt/format.h>

#include "trial/steps/live_cause.h"

namespace trial {
namespace {

// Names of other objects of the kind there are, where the one that is wanted is not there.
std::vector<std::string> Neighbours(const StepContext& context, const Condition& condition,
                                    const Judgement& judgement, const base::Until& until) {
  std::vector<std::string> names;
  if (judgement.nearest || judgement.error || condition.want == Condition::Want::kAbsent)
    return names;
  const auto others = context.client.List(condition.kind, {condition.ns, {}, ""}, until);
  if (others.ok())
    for (const auto& other : others->items) names.push_back(other->name());
  return names;
}

Failure ExplainOne(const StepContext& context, const WaitAccount& account, size_t i,
                   const base::Until& until) {
  const Wanted& wanted = account.wanted[i];
  const Judgement& judgement = account.round.judgements[i];
  if (!wanted.condition) {
    return FailureAt(wanted.manifest.At(),
                     fmt::format("{}: {}", SubjectOf(wanted), MissOf(wanted, judgement)));
  }
  const Condition& condition = *wanted.condition;
  Failure failure = Explain(condition, judgement, Neighbours(context, condition, judgement, until));
  if (judgement.nearest && condition.want == Condition::Want::kPresent && condition.name.empty() &&
      judgement.candidates > 1)
    failure.details.push_back(fmt::format("it is the nearest of {}", judgement.candidates));
  const kube::Key key =
      judgement.nearest ? judgement.nearest->key() : kube::Key{condition.ns, condition.name};
  failure.history = account.history.Lines(i, key, judgement.mismatches);
  failure.cause = Lines(CausesOf(context, wanted, judgement, until));
  return failure;
}

// Only where their objects are there: else that is the failure.
void ExplainExpressions(const StepContext& context, const WaitAccount& account, Outcome& outcome,
                        const base::Until& until) {
  const auto& judgements = account.round.judgements;
  const Judgement& judgement = judgements.back();
  const bool there =
      std::all_of(judgements.begin() + static_cast<std::ptrdiff_t>(account.first_ref),
                  judgements.end() - 1, [](const Judgement& ref) { return ref.holds; });
  if (judgement.holds || !there) return;
  std::vector<Cause> causes;
  if (judgement.nearest) causes = CausesBelow(context, judgement.nearest.get(), until);
  for (Failure& failure : account.expressions.Failures()) {
    failure.cause = Lines(causes);
    outcome.Add(judgement.error ? VerdictOf(*judgement.error) : Verdict::kFailed,
                std::move(failure));
  }
}

}  // namespace

Outcome ExplainWait(const StepContext& context, const WaitAccount& account,
                    const base::Until& until) {
  Outcome outcome;
  for (size_t i = 0; i < account.wanted.size(); ++i) {
    const Judgement& judgement = account.round.judgements[i];
    if (judgement.holds) continue;
    outcome.Add(judgement.error ? VerdictOf(*judgement.error) : Verdict::kFailed,
                ExplainOne(context, account, i, until));
  }
  if (account.expressions.any()) ExplainExpressions(context, account, outcome, until);
  for (const Failure& failure : account.time.failures) outcome.Add(Verdict::kFailed, failure);
  if (!account.round.all() || !outcome.ok()) return outcome;
  for (const Failure& failure : account.commands.failures)
    outcome.Add(account.commands.verdict, failure);
  return outcome;
}

}  // namespace trial
