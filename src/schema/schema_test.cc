#include "schema/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schema/formats.h"
#include "schema/metadata.h"
#include "value/yaml.h"

namespace schema {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Json Yaml(const std::string& text) {
  value::ParsedYaml parsed = value::ParseYaml(text, "test.yaml");
  EXPECT_TRUE(parsed.ok()) << text;
  return parsed.documents.empty() ? Json() : parsed.documents[0].json;
}

Schema Custom(const std::string& text) {
  const auto document = std::make_shared<const Json>(Yaml(text));
  return {document, document.get(), true};
}

std::vector<std::string> Findings(const Schema& schema, const std::string& object,
                                  Extent extent = Extent::kWhole) {
  const Json json = Yaml(object);
  std::vector<std::string> found;
  for (const Finding& one : Check(schema, json, extent))
    found.push_back(value::FormatPath(one.path, json) + ": " + one.message);
  return found;
}

// As an API server publishes a built-in kind.
Schema Web() {
  const auto document = std::make_shared<const Json>(Yaml(R"(
components:
  schemas:
    io.k8s.api.test.v1.Web:
      type: object
      required: [spec]
      properties:
        apiVersion: {type: string}
        kind: {type: string}
        metadata: {allOf: [{$ref: '#/components/schemas/io.k8s.meta.v1.ObjectMeta'}], default: {}}
        spec: {allOf: [{$ref: '#/components/schemas/io.k8s.api.test.v1.WebSpec'}], default: {}}
    io.k8s.meta.v1.ObjectMeta:
      type: object
      properties:
        name: {type: string}
        labels: {type: object, additionalProperties: {type: string, default: ""}}
    io.k8s.api.test.v1.WebSpec:
      type: object
      properties:
        replicas: {type: integer, format: int32}
        port: {$ref: '#/components/schemas/io.k8s.apimachinery.pkg.util.intstr.IntOrString'}
        memory: {$ref: '#/components/schemas/io.k8s.apimachinery.pkg.api.resource.Quantity'}
        policy: {type: string, enum: [Always, Never]}
        raw: {type: object}
        containers:
          type: array
          items: {allOf: [{$ref: '#/components/schemas/io.k8s.api.test.v1.Container'}]}
          x-kubernetes-list-type: map
          x-kubernetes-list-map-keys: [name]
    io.k8s.api.test.v1.Container:
      type: object
      required: [name]
      properties: {name: {type: string}, image: {type: string}}
    io.k8s.apimachinery.pkg.util.intstr.IntOrString:
      format: int-or-string
      oneOf: [{type: integer}, {type: string}]
    io.k8s.apimachinery.pkg.api.resource.Quantity:
      oneOf: [{type: string}, {type: number}]
)"));
  return {document, value::Find(*document, {"components", "schemas", "io.k8s.api.test.v1.Web"}),
          false};
}

TEST(SchemaTest, AcceptsWhatTheApiServerAccepts) {
  EXPECT_THAT(Findings(Web(), R"(
apiVersion: test/v1
kind: Web
metadata: {name: a, labels: {app: web}}
spec:
  replicas: 3
  port: http
  memory: 1.5Gi
  policy: Always
  raw: {any: [thing]}
  containers: [{name: a, image: b}, {name: c, image: null}]
)"),
              IsEmpty());
}

TEST(SchemaTest, FindsUnknownFieldsAndSaysWhatWasMeant) {
  EXPECT_THAT(
      Findings(Web(), R"(
metadata: {name: a, lables: {app: web}}
replicas: 3
spec:
  replcas: 3
  image: x
  containers: [{name: a, policy: Never, zzz: 1}]
)"),
      ElementsAre(".metadata.lables: unknown field (did you mean \"labels\"?)",
                  ".replicas: unknown field (spec has such a field)",
                  ".spec.containers[0].policy: unknown field (.spec has such a field: is it "
                  "indented too far?)",
                  ".spec.containers[0].zzz: unknown field", ".spec.image: unknown field",
                  ".spec.replcas: unknown field (did you mean \"replicas\"?)"));
}

TEST(SchemaTest, FindsWrongTypesAndValues) {
  EXPECT_THAT(Findings(Web(), R"(
metadata: {name: 1, labels: {on: true}}
spec:
  replicas: "3"
  port: 1.5
  memory: 2GB
  policy: always
  containers: {name: a}
)"),
              ElementsAre(".metadata.labels.true: must be a string, found true (write it in "
                          "quotes: \"true\")",
                          ".metadata.name: must be a string, found 1 (write it in quotes: \"1\")",
                          ".spec.containers: must be a list, found {\"name\":\"a\"}",
                          ".spec.memory: must be a quantity such as 100m or 2Gi, found \"2GB\"",
                          ".spec.policy: must be one of Always, Never (did you mean "
                          "\"Always\"?), found \"always\"",
                          ".spec.port: must be a whole number or a string, found 1.5",
                          ".spec.replicas: must be a whole number, found \"3\""));
  EXPECT_THAT(Findings(Web(), "spec: {replicas: 3000000000}"),
              ElementsAre(".spec.replicas: does not fit into 32 bits, found 3000000000"));
}

TEST(SchemaTest, RequiresFieldsOfWholeObjectsOnly) {
  const std::string object = "spec: {containers: [{image: a}]}";
  EXPECT_THAT(Findings(Web(), object), ElementsAre(".spec.containers[0].name: is required"));
  EXPECT_THAT(Findings(Web(), object, Extent::kPartial), IsEmpty());
  EXPECT_THAT(Findings(Web(), "metadata: {name: a}"), ElementsAre(".spec: is required"));
}

TEST(SchemaTest, FindsTwoElementsOfOneKey) {
  EXPECT_THAT(Findings(Web(), "spec: {containers: [{name: a}, {name: b}, {name: a}]}"),
              ElementsAre(".spec.containers[2]: is the second one with name: \"a\""));
}

constexpr char kShip[] = R"(
type: object
required: [spec]
properties:
  spec:
    type: object
    required: [name, masts]
    properties:
      name: {type: string, minLength: 2, maxLength: 4, pattern: '^[a-zü]*$'}
      masts: {type: integer, minimum: 1, maximum: 9, default: 3}
      angle: {type: number, exclusiveMaximum: true, maximum: 360, multipleOf: 0.5}
      port: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}
      free: {type: object, x-kubernetes-preserve-unknown-fields: true}
      closed: {type: object}
      pod:
        type: object
        x-kubernetes-embedded-resource: true
        properties: {spec: {type: object, properties: {node: {type: string}}}}
      crew: {type: array, items: {type: string}, minItems: 1, maxItems: 3, x-kubernetes-list-type: set}
      day: {type: string, format: date}
      since: {type: string, format: date-time}
      flag: {type: string, nullable: true}
      cargo:
        type: object
        properties: {coal: {type: integer}, iron: {type: integer}}
        oneOf: [{required: [coal]}, {required: [iron]}]
        not: {properties: {coal: {maximum: 0}}, required: [coal]}
)";

TEST(SchemaTest, FollowsTheSchemaOfADefinition) {
  EXPECT_THAT(Findings(Custom(kShip), R"(
apiVersion: sea.dev/v1
kind: Ship
metadata: {name: a, finalizers: [x/y], ownerReferences: [{apiVersion: v1, kind: Pod, name: p, uid: u}]}
spec:
  name: süü
  angle: 359.5
  port: 80
  free: {any: thing}
  pod: {apiVersion: v1, kind: Pod, metadata: {labels: {a: b}}, spec: {node: x}}
  crew: [a, b]
  day: 2026-01-31
  since: "2026-01-31T12:00:00.5+01:00"
  flag: null
  cargo: {iron: 2}
)"),
              IsEmpty());
}

TEST(SchemaTest, FindsWhatADefinitionForbids) {
  EXPECT_THAT(
      Findings(Custom(kShip), R"(
metadata: {name: a, anotations: {}}
spec:
  name: Ü
  masts: 0
  angle: 360
  port: [80]
  closed: {any: thing}
  pod: {kind: 7, spec: {nod: x}}
  crew: [a, b, a, c]
  day: 31.1.2026
  since: yesterday
  cargo: {coal: 0, iron: 1, tin: 1}
)"),
      ElementsAre(HasSubstr(".metadata.anotations: unknown field (did you mean \"annotations\"?)"),
                  ".spec.angle: must be less than 360, found 360", ".spec.cargo.tin: unknown field",
                  ".spec.cargo: must fit exactly one of the forms it may have (oneOf)",
                  ".spec.cargo: has the very form that it must not have (not)",
                  ".spec.closed.any: unknown field",
                  ".spec.crew: must have at most 3 elements, found 4",
                  ".spec.crew[2]: is the second one with \"a\"",
                  ".spec.day: must be a date such as 2026-01-31, found \"31.1.2026\"",
                  ".spec.masts: must be at least 1, found 0",
                  ".spec.name: must have at least 2 characters, found \"Ü\"",
                  ".spec.pod.kind: must be a string, found 7 (write it in quotes: \"7\")",
                  ".spec.pod.spec.nod: unknown field (did you mean \"node\"?)",
                  ".spec.port: must be a whole number or a string, found [80]",
                  HasSubstr(".spec.since: must be a time such as")));
}

TEST(SchemaTest, ADefaultStandsInForARequiredFieldOfADefinition) {
  EXPECT_THAT(Findings(Custom(kShip), "spec: {}"), ElementsAre(".spec.name: is required"));
}

TEST(SchemaTest, PartsOfAnObjectMayBeOfAnySize) {
  EXPECT_THAT(Findings(Custom(kShip), "spec: {crew: [], cargo: {}}", Extent::kPartial), IsEmpty());
  EXPECT_THAT(Findings(Custom(kShip), "spec: {masts: 12, crew: [1]}", Extent::kPartial),
              ElementsAre(HasSubstr(".spec.crew[0]: must be a string"),
                          ".spec.masts: must be at most 9, found 12"));
}

TEST(SchemaTest, APathNamesFieldsThatAreThere) {
  const auto path = [](const Schema& schema, std::vector<std::string> keys) {
    return UnknownField(schema, keys);
  };
  EXPECT_EQ(path(Web(), {"spec", "containers", "", "image"}), "");
  EXPECT_EQ(path(Web(), {"metadata", "labels", "any"}), "");
  EXPECT_EQ(path(Web(), {"spec", "raw", "any", "thing"}), "");
  EXPECT_EQ(path(Web(), {"apiVersion"}), "");
  EXPECT_EQ(path(Web(), {"spec", "containers", "", "imag"}),
            "unknown field \"imag\" (did you mean \"image\"?)");
  EXPECT_EQ(path(Web(), {"spek"}), "unknown field \"spek\" (did you mean \"spec\"?)");
  EXPECT_EQ(path(Custom(kShip), {"metadata", "annotations", "a.b/c"}), "");
  EXPECT_EQ(path(Custom(kShip), {"spec", "free", "any"}), "");
  EXPECT_EQ(path(Custom(kShip), {"spec", "pod", "metadata", "name"}), "");
  EXPECT_EQ(path(Custom(kShip), {"spec", "closed", "any"}), "unknown field \"any\"");
  EXPECT_EQ(path(Custom(kShip), {"metadata", "nam"}),
            "unknown field \"nam\" (did you mean \"name\"?)");
}

TEST(SchemaTest, AReferenceThatLeadsNowhereOrInCirclesIsNoFinding) {
  const auto document = std::make_shared<const Json>(Yaml(R"(
components:
  schemas:
    a: {$ref: '#/components/schemas/a'}
    b: {$ref: '#/components/schemas/missing'}
    c: {$ref: 'https://example.com/c'}
    d: {anyOf: [{$ref: '#/components/schemas/d'}, {$ref: '#/components/schemas/d'}]}
)"));
  for (const char* name : {"a", "b", "c", "d"}) {
    const Schema schema{document, value::Find(*document, {"components", "schemas", name}), true};
    EXPECT_THAT(Findings(schema, "spec: {x: 1}"), IsEmpty()) << name;
  }
}

std::vector<std::string> NameFindings(const std::string& object) {
  const Json json = Yaml(object);
  std::vector<std::string> found;
  for (const Finding& one : CheckNames(json)) found.push_back(value::FormatPath(one.path, json));
  return found;
}

TEST(MetadataTest, NamesAndLabelsKeepTheRulesOfAllKinds) {
  EXPECT_THAT(NameFindings(R"(
metadata:
  name: web-1.example.com
  labels: {app: Web_1.0, example.com/part-of: "", x: 7}
  annotations: {example.com/Note: "any text: at all"}
)"),
              IsEmpty());
  EXPECT_THAT(NameFindings(R"(
metadata:
  name: Web_1
  labels: {app: "one two", Example.com/a: b, a/b/c: d}
  annotations: {"a b": c}
)"),
              ElementsAre(".metadata.name", ".metadata.labels[\"Example.com/a\"]",
                          ".metadata.labels[\"a/b/c\"]", ".metadata.labels.app",
                          ".metadata.annotations[\"a b\"]"));
  EXPECT_THAT(NameFindings("{apiVersion: rbac.authorization.k8s.io/v1, metadata: {name: 'a:B'}}"),
              IsEmpty());
  EXPECT_THAT(NameFindings("metadata: {name: " + std::string(254, 'a') + "}"),
              ElementsAre(".metadata.name"));
  EXPECT_THAT(NameFindings("metadata: {labels: {a: " + std::string(64, 'a') + "}}"),
              ElementsAre(".metadata.labels.a"));
}

TEST(FormatsTest, KnowsQuantities) {
  for (const char* good : {"1", "100m", "1.5Gi", ".5", "1e3", "12E6", "+1k", "0u"})
    EXPECT_TRUE(IsQuantity(good)) << good;
  for (const char* bad : {"", "1GB", "1 Gi", "K", "1K", "1.5.2", "ten"})
    EXPECT_FALSE(IsQuantity(bad)) << bad;
  EXPECT_TRUE(IsQuantity(2));
  EXPECT_FALSE(IsQuantity(true));
}

TEST(FormatsTest, KnowsFormats) {
  const auto problem = [](const char* format, const char* text) {
    return ValueProblem({{"format", format}}, text);
  };
  EXPECT_EQ(problem("byte", "YWJj\nZA=="), "");
  EXPECT_EQ(problem("byte", "plain text"), "must be base64");
  EXPECT_EQ(problem("ipv4", "10.0.0.1"), "");
  EXPECT_EQ(problem("ipv4", "10.0.0.256"), "must be an IPv4 address");
  EXPECT_EQ(problem("ipv6", "::1"), "");
  EXPECT_EQ(problem("cidr", "10.0.0.0/8"), "");
  EXPECT_EQ(problem("cidr", "10.0.0.0/33"), "must be an address range such as 10.0.0.0/8");
  EXPECT_EQ(problem("cidr", "10.0.0.0"), "must be an address range such as 10.0.0.0/8");
  EXPECT_EQ(problem("uuid", "123e4567-e89b-12d3-a456-426614174000"), "");
  EXPECT_EQ(problem("uuid", "123e4567"), "must be a UUID");
  EXPECT_EQ(problem("whatever", "x"), "");
}

TEST(FormatsTest, ShowsLongValuesShortWithoutCuttingACharacter) {
  const std::string shown = Show(std::string(58, 'a') + "üüü");
  EXPECT_EQ(shown, "\"" + std::string(58, 'a') + "...");
}

}  // namespace
}  // namespace schema
