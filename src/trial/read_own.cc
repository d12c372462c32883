#include "trial/read_own.h"

#include <algorithm>

#include <fmt/format.h>

namespace trial {
namespace {

constexpr base::Duration kRetryPause = std::chrono::seconds(1);

// Variables that have a meaning of their own in commands.
constexpr const char* kTaken[] = {"NAMESPACE", "KUBECONFIG", "PATH", "HOME", "SHELL", "PWD"};

void CheckVariable(Fields& fields, const Place& place, const std::string& name) {
  if (!IsVariableName(name)) {
    fields.problems().Error(
        place, fmt::format("\"{}\" cannot be a variable: letters, digits and underscores make one, "
                           "and the first is no digit",
                           name));
  } else if (std::find(std::begin(kTaken), std::end(kTaken), name) != std::end(kTaken)) {
    fields.problems().Error(place, fmt::format("the variable {} has a meaning already", name));
  }
}

template <typename Value>
void Take(base::Result<Value> parsed, Fields& fields, const Place& place, const std::string& what,
          const std::function<void(Value)>& take) {
  if (parsed.ok())
    take(*std::move(parsed));
  else
    fields.problems().Error(place, fmt::format("{}: {}", what, parsed.error().message()));
}

void ReadDemandFields(Fields& fields, Demand& demand) {
  fields.Inside("fields", "the fields of a condition", [&](Fields& inside) {
    for (const std::string& name : inside.Names()) {
      const value::Json* written = inside.Value(name);
      const value::Json rules = written == nullptr ? value::Json() : *written;
      Take<expect::FieldPath>(
          expect::FieldPath::Parse(name), fields, inside.At(name), name, [&](auto path) {
            Take<expect::Matcher>(
                expect::Matcher::Parse(rules), fields, inside.At(name), name, [&](auto matcher) {
                  demand.fields.push_back(
                      {inside.At(name), std::move(path), std::move(matcher), rules});
                });
          });
    }
  });
}

void ReadCount(Fields& fields, Demand& demand) {
  const value::Json* count = fields.Value("count");
  if (count == nullptr) return;
  if (*count == "all") {
    demand.all = true;
    return;
  }
  Take<expect::Matcher>(expect::Matcher::Parse(*count), fields, fields.At("count"), "count",
                        [&](auto matcher) { demand.count = std::move(matcher); });
}

void ReadOutput(Fields& fields, OutputSpec& output) {
  output.place = fields.Here();
  output.kind = kube::Kind::Of(fields.String("apiVersion"), fields.String("kind"));
  output.name = fields.String("name");
  output.ns = fields.String("namespace");
  output.path = fields.String("path");
  if (output.kind.kind.empty() || output.kind.version.empty() || output.name.empty() ||
      output.path.empty())
    fields.problems().Error(output.place, "an output needs apiVersion, kind, name and path");
  const auto path = expect::FieldPath::Parse(output.path);
  if (!output.path.empty() && !path.ok())
    fields.problems().Error(fields.At("path"), path.error().message());
}

}  // namespace

bool IsVariableName(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && is_letter(name[0]) && std::all_of(name.begin(), name.end(), [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9');
  });
}

void ReadOwnFields(Fields& fields, CommandSpec& command) {
  fields.Inside("retry", "retry of a command", [&](Fields& retry) {
    command.retries = retry.Int("times");
    const base::Duration every = retry.Span("every");
    command.retry_pause = every > base::Duration{} ? every : kRetryPause;
    if (command.retries <= 0)
      retry.problems().Error(retry.Here(), "retry needs times, above zero: how often to try again");
  });
  command.output = fields.String("output");
  const std::string json = fields.String("outputJson");
  if (!json.empty()) {
    if (!command.output.empty())
      fields.problems().Error(fields.At("outputJson"), "either output or outputJson, found both");
    command.output = json;
    command.output_json = true;
  }
  if (command.output.empty()) return;
  CheckVariable(fields, fields.At(command.output_json ? "outputJson" : "output"), command.output);
  if (command.background)
    fields.problems().Error(command.place, "a background command has no output to wait for");
}

void ReadOwnFields(Fields& fields, StepSpec& step) {
  step.limit = fields.Span("stepTimeout");
  step.expand = fields.Bool("expand");
}

void ReadTestRules(Fields& fields, TestRules& rules) {
  rules.place = fields.Here();
  rules.serial = fields.Bool("serial");
  rules.limit = fields.Span("timeout");
}

std::shared_ptr<const Demand> ReadDemand(Fields& fields, bool in_order) {
  auto demand = std::make_shared<Demand>();
  demand->place = fields.Here();
  demand->written = fields.object();
  demand->kind = kube::Kind::Of(fields.String("apiVersion"), fields.String("kind"));
  demand->name = fields.String("name");
  demand->ns = fields.String("namespace");
  demand->labels = fields.StringMap("labels");
  ReadDemandFields(fields, *demand);
  ReadCount(fields, *demand);
  Problems& problems = fields.problems();
  if (in_order) {
    for (const char* unused : {"never", "stays"})
      fields.Refuse(unused, "has no meaning in order: each entry counts from when it first holds");
  } else {
    demand->never = fields.Bool("never");
    demand->stays = fields.Span("stays");
  }
  if (demand->kind.kind.empty() || demand->kind.version.empty())
    problems.Error(demand->place, "a condition needs apiVersion and kind");
  if (!demand->name.empty() && !demand->labels.empty())
    problems.Error(demand->place, "a condition has a name or labels, not both");
  if (demand->never && (demand->count || demand->all))
    problems.Error(fields.At("count"), "never means that there is none: it has no count");
  return demand;
}

base::Result<std::shared_ptr<const Demand>> ReadDemandAgain(const Demand& like, value::Json json,
                                                            bool in_order) {
  value::Document document;
  document.file = like.place.file;
  document.start = like.place.mark;
  document.marks[""] = like.place.mark;
  document.json = std::move(json);
  Problems problems(false);
  Fields fields(document, {}, "a condition", problems);
  auto demand = ReadDemand(fields, in_order);
  for (const value::Problem& problem : problems.all())
    if (!problem.warning) return base::Fail(base::Code::kInvalid, "{}", problem.message);
  return demand;
}

void ReadOwnFields(Fields& fields, CheckSpec& check) {
  fields.Each("match", "a condition of match",
              [&](Fields& element) { check.match.push_back(ReadDemand(element, false)); });
  fields.Each("order", "a condition of order",
              [&](Fields& element) { check.order.push_back(ReadDemand(element, true)); });
  if (check.order.size() == 1)
    fields.problems().Error(fields.At("order"), "an order needs two conditions or more");
  fields.Inside("outputs", "outputs of a TestAssert", [&](Fields& outputs) {
    for (const std::string& name : outputs.Names()) {
      OutputSpec output;
      output.variable = name;
      outputs.Inside(name, "an output", [&](Fields& inside) { ReadOutput(inside, output); });
      if (output.place.file.empty()) output.place = outputs.At(name);
      CheckVariable(outputs, outputs.At(name), name);
      check.outputs.push_back(std::move(output));
    }
  });
  for (const auto& demand : check.match) {
    if (check.timeout > 0 && demand->stays >= std::chrono::seconds(check.timeout))
      fields.problems().Error(demand->place,
                              "stays is as long as the timeout: that can never be seen");
  }
}

}  // namespace trial
