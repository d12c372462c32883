#include "vmafx/trainer/onnx_model.h"

#include <onnx/onnx_pb.h>

#include <cmath>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sys/files.h"
#include "sys/process.h"
#include "sys/testing/places.h"
#include "value/json.h"
#include "vmafx/trainer/learner.h"
#include "vmafx/trainer/testing/samples.h"

namespace vmafx::trainer {
namespace {

using testing::HasSubstr;

Student Taught() {
  Learner learner(Student::Prior(1), {});
  Replay replay(1000);
  for (const Sample& sample : MakeSamples(60, 1)) {
    replay.Add(sample);
    learner.Learn(replay);
  }
  return learner.average();
}

std::vector<std::vector<double>> Inputs(const std::vector<Sample>& samples) {
  std::vector<std::vector<double>> inputs;
  for (const Sample& sample : samples) inputs.push_back(sample.features);
  return inputs;
}

std::string Written(const Student& student) {
  auto bytes = WriteModel({student, {{"vmafx.samples", "60"}}});
  EXPECT_TRUE(bytes.ok()) << bytes.error().message();
  return *std::move(bytes);
}

onnx::ModelProto Parsed(const std::string& bytes) {
  onnx::ModelProto proto;
  EXPECT_TRUE(proto.ParseFromString(bytes));
  return proto;
}

TEST(OnnxModelTest, MeansInTheFileWhatTheStudentMeant) {
  const Student student = Taught();
  const auto samples = MakeSamples(50, 2);

  const auto evaluator = Evaluator::Load(Written(student));
  ASSERT_TRUE(evaluator.ok()) << evaluator.error().message();
  const auto scores = evaluator->Evaluate(Inputs(samples));

  ASSERT_TRUE(scores.ok()) << scores.error().message();
  for (size_t i = 0; i < samples.size(); ++i) {
    EXPECT_NEAR((*scores)[i], student.Predict(samples[i].features), 1e-3);
  }
}

TEST(OnnxModelTest, ReadsItsOwnFilesBack) {
  const Student student = Taught();

  const auto model = ReadModel(Written(student));

  ASSERT_TRUE(model.ok()) << model.error().message();
  EXPECT_EQ(model->metadata.at("vmafx.samples"), "60");
  for (const Sample& sample : MakeSamples(20, 2)) {
    EXPECT_NEAR(model->student.Predict(sample.features), student.Predict(sample.features), 1e-3);
  }
}

TEST(OnnxModelTest, WritesTheSameBytesForTheSameModel) {
  EXPECT_EQ(Written(Taught()), Written(Taught()));
}

TEST(OnnxModelTest, DescribesInputAndOutputAsTheContractSays) {
  const onnx::ModelProto proto = Parsed(Written(Taught()));

  EXPECT_EQ(proto.opset_import(0).version(), 13);
  const auto& input = proto.graph().input(0);
  EXPECT_EQ(input.name(), "features");
  EXPECT_EQ(input.type().tensor_type().shape().dim(0).dim_param(), "batch");
  EXPECT_EQ(input.type().tensor_type().shape().dim(1).dim_value(), 27);
  EXPECT_EQ(proto.graph().output(0).name(), "score");
}

TEST(OnnxModelTest, NeverWritesWhatIsNotFinite) {
  Student student = Student::Prior(1);
  student.offset = std::nan("");

  EXPECT_FALSE(WriteModel({student, {}}).ok());
}

TEST(OnnxModelTest, RefusesAGraphThatIsNotOurs) {
  onnx::ModelProto other = Parsed(Written(Taught()));
  other.mutable_graph()->mutable_node(5)->set_op_type("Sigmoid");
  const auto message = ReadModel(other.SerializeAsString()).error().message();
  EXPECT_THAT(message, HasSubstr("is not one of ours"));

  onnx::ModelProto renamed = Parsed(Written(Taught()));
  renamed.mutable_graph()->mutable_initializer(0)->set_name("average");
  EXPECT_FALSE(ReadModel(renamed.SerializeAsString()).ok());
}

// ONNX's checker lets operators of a domain that it does not know pass, whatever they have.
TEST(OnnxModelTest, RefusesANodeWithoutAnOutput) {
  onnx::ModelProto other = Parsed(Written(Taught()));
  auto& domain = *other.add_opset_import();
  domain.set_domain("somebody.else");
  domain.set_version(1);
  onnx::NodeProto& node = *other.mutable_graph()->add_node();
  node.set_domain("somebody.else");
  node.set_op_type("Sink");
  node.add_input("score");

  EXPECT_THAT(ReadModel(other.SerializeAsString()).error().message(),
              HasSubstr("is not one of ours"));
}

TEST(OnnxModelTest, NamesAnOperatorThatItsEvaluatorDoesNotKnow) {
  onnx::ModelProto other = Parsed(Written(Taught()));
  other.mutable_graph()->mutable_node(5)->set_op_type("Sigmoid");
  const auto evaluator = Evaluator::Load(other.SerializeAsString());
  ASSERT_TRUE(evaluator.ok());

  const auto scores = evaluator->Evaluate(Inputs(MakeSamples(1, 1)));

  EXPECT_THAT(scores.error().message(), HasSubstr("the operator Sigmoid"));
}

TEST(OnnxModelTest, RefusesWrongNumbersOfFeatures) {
  const auto evaluator = Evaluator::Load(Written(Taught()));
  ASSERT_TRUE(evaluator.ok());
  const std::vector<std::vector<double>> few = {{1, 2, 3}};

  EXPECT_EQ(evaluator->Evaluate(few).error().message(), "3 features, the model takes 27");
}

TEST(OnnxModelTest, TakesNoMemoryForFeaturesThatItIsNotGiven) {
  onnx::ModelProto vast = Parsed(Written(Taught()));
  auto& type = *vast.mutable_graph()->mutable_input(0)->mutable_type()->mutable_tensor_type();
  type.mutable_shape()->mutable_dim(1)->set_dim_value(int64_t{1} << 60);
  const auto evaluator = Evaluator::Load(vast.SerializeAsString());
  ASSERT_TRUE(evaluator.ok());
  const std::vector<std::vector<double>> few = {{1, 2, 3}};

  EXPECT_FALSE(evaluator->Evaluate(few).ok());
}

TEST(OnnxModelTest, SurvivesFilesThatAreDamaged) {
  const std::string good = Written(Taught());
  const auto inputs = Inputs(MakeSamples(2, 1));
  std::mt19937 random(1);
  for (int i = 0; i < 1500; ++i) {
    std::string bad = good;
    if (i % 3 == 0) bad.resize(random() % bad.size());
    for (int change = 0; change < 1 + i % 5 && !bad.empty(); ++change) {
      bad[random() % bad.size()] = static_cast<char>(random());
    }
    (void)ReadModel(bad).ok();
    const auto evaluator = Evaluator::Load(bad);
    if (evaluator.ok()) (void)evaluator->Evaluate(inputs).ok();
  }
  EXPECT_FALSE(ReadModel("").ok());
  EXPECT_FALSE(ReadModel("not a model").ok());
}

TEST(OnnxModelTest, RefusesTensorsThatLieAboutTheirSize) {
  for (const int64_t size : {int64_t{-1}, int64_t{0}, int64_t{1} << 40, int64_t{28}}) {
    onnx::ModelProto proto = Parsed(Written(Taught()));
    proto.mutable_graph()->mutable_initializer(0)->set_dims(0, size);
    EXPECT_FALSE(Evaluator::Load(proto.SerializeAsString()).ok()) << size;
  }
}

// The independent referee: Python's onnxruntime, pinned by tools/referee/onnx, which fetches it
// once and says so when it cannot.
TEST(OnnxModelTest, GivesTheSameScoresInAnotherRuntime) {
  auto folder = sys::TempDir::Make("onnx-referee");
  ASSERT_TRUE(folder.ok());
  const std::string path = folder->path() / "model.onnx";
  const Student student = Taught();
  ASSERT_TRUE(sys::WriteFileAtomically(path, Written(student)).ok());
  const auto samples = MakeSamples(40, 2);
  base::SystemClock clock;

  const auto referee =
      sys::RunOrFail({.argv = {sys::testing::SourceFolder() / "tools/referee/onnx", path},
                      .input = value::Json(Inputs(samples)).dump()},
                     base::Until::After(clock, std::chrono::minutes(4)));

  ASSERT_TRUE(referee.ok()) << referee.error().message();
  const size_t start = referee->find("{\"scores\"");
  ASSERT_NE(start, std::string::npos) << *referee;
  const auto json = value::ParseJson(referee->substr(start));
  ASSERT_TRUE(json.ok()) << json.error().message();
  EXPECT_EQ((*json)["input"][0], "features");
  EXPECT_EQ((*json)["output"][0], "score");
  EXPECT_EQ((*json)["metadata"]["vmafx.samples"], "60");
  ASSERT_EQ((*json)["scores"].size(), samples.size());
  for (size_t i = 0; i < samples.size(); ++i) {
    EXPECT_NEAR((*json)["scores"][i].get<double>(), student.Predict(samples[i].features), 1e-3);
  }
}

}  // namespace
}  // namespace vmafx::trainer
