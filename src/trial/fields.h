#pragma once

// Reading typed fields out of a YAML document, with every problem at its line and column. kuttl
// drops unknown fields silently; here each is a warning that guesses what was meant.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "trial/suite.h"
#include "value/yaml.h"

namespace trial {

// All problems of a load, in the order found. Warnings do not fail it unless `strict`.
class Problems {
 public:
  explicit Problems(bool strict) : strict_(strict) {}

  void Error(const Place& place, std::string message);
  void Warn(const Place& place, std::string message);
  void Add(std::vector<value::Problem> problems);

  const std::vector<value::Problem>& all() const { return all_; }
  std::vector<value::Problem> Take() { return std::move(all_); }

 private:
  bool strict_;
  std::vector<value::Problem> all_;
};

// One JSON object of a document. Each accessor marks its field as known; a null counts as absent; a
// value of another type is a problem and reads as absent. Call Finish last: it reports the fields
// that nobody asked for.
class Fields {
 public:
  // `what` names the object in messages: "TestStep", "a command of a TestStep".
  Fields(const value::Document& document, std::vector<std::string> path, std::string what,
         Problems& problems);

  std::string String(const std::string& name);
  int Int(const std::string& name, int fallback = 0);
  bool Bool(const std::string& name, bool fallback = false);
  std::vector<std::string> Strings(const std::string& name);
  std::map<std::string, std::string> StringMap(const std::string& name);
  // Calls `read` for each element of a list of objects, and finishes it.
  void Each(const std::string& name, const std::string& element_name,
            const std::function<void(Fields&)>& read);
  // Calls `read` for the object, if there is one, and finishes it.
  void Inside(const std::string& name, const std::string& object_name,
              const std::function<void(Fields&)>& read);

  // Anything; null when it is absent. Lives as long as the document.
  const value::Json* Value(const std::string& name) { return Find(name); }
  // The names of all fields that are there.
  std::vector<std::string> Names() const;
  // A Go duration ("90s") or whole seconds, above zero.
  base::Duration Span(const std::string& name);

  bool Has(const std::string& name);
  // The object itself; null when it is none.
  const value::Json& object() const;
  std::optional<bool> OptionalBool(const std::string& name);
  // Accepts the field and does nothing with it, because kuttl does nothing with it either.
  void Ignore(const std::string& name);
  // An error if the field is there: `why` completes "TestStep.kubeconfig ...".
  void Refuse(const std::string& name, const std::string& why);
  // Warns with `advice` instead of a did-you-mean if the field is there.
  void Misplaced(const std::string& name, const std::string& advice);
  void Finish();

  Place Here() const;
  Place At(const std::string& name) const;
  Problems& problems() { return problems_; }
  const std::string& what() const { return what_; }

 private:
  const value::Json* Find(const std::string& name);
  void WrongType(const std::string& name, const std::string& wanted, const value::Json& found);

  const value::Document& document_;
  std::vector<std::string> path_;
  std::string what_;
  Problems& problems_;
  const value::Json* object_;
  std::vector<std::string> known_;
  std::vector<std::string> silent_;  // known, but no good guess for a did-you-mean
};

}  // namespace trial
