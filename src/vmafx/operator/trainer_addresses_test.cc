#include "vmafx/operator/trainer_addresses.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace vmafx::operators {
namespace {

using kube::Json;

kube::ObjectPtr MakeTraining(const std::string& ns, const std::string& name,
                             const Json& changes = Json::object()) {
  Json json = {{"apiVersion", "vmafx.dev/v1"},
               {"kind", "VmafxModelTraining"},
               {"metadata", {{"namespace", ns}, {"name", name}}},
               {"spec",
                {{"baseModel", "vmaf_v0.6.1"},
                 {"algorithm", "online-sgd-ema"},
                 {"outputRegistry", "registry.films.svc:5000/models"}}}};
  json.merge_patch(changes);
  return std::make_shared<kube::Object>(json);
}

Json OnNodes(const Json& labels) {
  return {{"spec", {{"dataSource", {{"nodeSelector", labels}}}}}};
}

std::string Addresses(const std::optional<std::map<std::string, std::string>>& labels,
                      const std::vector<kube::ObjectPtr>& trainings) {
  return base::Join(TrainersFor("films", labels, trainings), " ");
}

TEST(TrainerAddressesTest, NamesTheTrainersOfTheJobsOwnNamespaceInOrder) {
  EXPECT_EQ(Addresses({}, {MakeTraining("films", "z"), MakeTraining("other", "b"),
                           MakeTraining("films", "a")}),
            "vmafx-trainer-a.films.svc:9092 vmafx-trainer-z.films.svc:9092");
}

TEST(TrainerAddressesTest, AsksForAllLabelsOfASelector) {
  const auto picky = MakeTraining("films", "picky", OnNodes({{"zone", "a"}, {"tier", "gold"}}));

  EXPECT_EQ(Addresses({{{"zone", "a"}, {"tier", "gold"}, {"more", "x"}}}, {picky}),
            "vmafx-trainer-picky.films.svc:9092");
  EXPECT_EQ(Addresses({{{"zone", "a"}}}, {picky}), "");
  EXPECT_EQ(Addresses({{{"zone", "b"}, {"tier", "gold"}}}, {picky}), "");
  EXPECT_EQ(Addresses({}, {picky}), "") << "a worker without a VmafxNode has no labels";
}

TEST(TrainerAddressesTest, LeavesOutTrainersThatAreGoneOrCanNeverCome) {
  EXPECT_EQ(
      Addresses({}, {MakeTraining("films", "going",
                                  {{"metadata", {{"deletionTimestamp", "2026-01-01T00:00:00Z"}}}}),
                     MakeTraining("films", "wrong", {{"spec", {{"outputRegistry", "nowhere"}}}}),
                     MakeTraining("films", "odd", {{"spec", {{"baseModel", 7}}}})}),
      "");
}

TEST(TrainerAddressesTest, ReadsTheLabelsOfAnObject) {
  const kube::Object node(Json::parse(R"({"metadata": {"labels": {"zone": "a", "odd": 7}}})"));

  EXPECT_EQ(LabelsOf(node), (std::map<std::string, std::string>{{"zone", "a"}}));
  EXPECT_TRUE(LabelsOf(kube::Object(Json::object())).empty());
}

}  // namespace
}  // namespace vmafx::operators
