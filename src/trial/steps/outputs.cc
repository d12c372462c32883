#include "trial/steps/outputs.h"

#include <fmt/format.h>

#include "expect/field_path.h"

namespace trial {
namespace {

using base::Code;
using base::Fail;

base::Result<value::Json> ReadField(const StepContext& context, const OutputSpec& spec,
                                    const base::Until& until) {
  const kube::Resource resource = TRY(context.client.Discover(spec.kind, until));
  const std::string ns = !resource.namespaced ? "" : spec.ns.empty() ? context.ns : spec.ns;
  const kube::Object object = TRY(context.client.Get(spec.kind, {ns, spec.name}, until));
  const auto path = TRY(expect::FieldPath::Parse(spec.path));
  const auto found = path.Select(object.json());
  if (found.size() != 1)
    return Fail(Code::kInvalid, "{}: {} leads to {} values, a variable takes one", object.Text(),
                spec.path, found.size());
  if (found[0].value == nullptr)
    return Fail(Code::kNotFound, "{}: {}: {}", object.Text(), spec.path, found[0].missing);
  return *found[0].value;
}

}  // namespace

Outcome ReadOutputs(const StepContext& context, const std::vector<OutputSpec>& outputs,
                    Variables& variables, const base::Until& until) {
  Outcome outcome;
  for (const OutputSpec& spec : outputs) {
    auto value = ReadField(context, spec, until);
    if (value.ok()) {
      context.story.Line(fmt::format("{} is {}", spec.variable, VariableText(*value)));
      variables[spec.variable] = *std::move(value);
    } else {
      outcome.Add(VerdictOf(value.error()),
                  FailureAt(spec.place,
                            fmt::format("output {}: {}", spec.variable, value.error().message())));
    }
  }
  return outcome;
}

}  // namespace trial
