#pragma once

// Amounts as Kubernetes writes them: "500m", "1.5Gi", "2e3".
// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/

#include <compare>
#include <optional>
#include <string_view>

namespace expect {

// Exact down to 1e-9; finer is rounded away from zero and larger than 2^63-1 is cut, as Kubernetes
// does.
class Quantity {
 public:
  // nullopt for what is not a quantity: the whole text has to be one.
  static std::optional<Quantity> Parse(std::string_view text);
  auto operator<=>(const Quantity&) const = default;

 private:
  __extension__ using Wide = __int128;
  explicit Quantity(Wide nano) : nano_(nano) {}

  Wide nano_;
};

}  // namespace expect
