// What clients send to a trainer. The first byte says what comes: questions for POST /predict, or
// the bytes of a connection.

#include <cmath>

#include "base/check.h"
#include "fuzz/input.h"
#include "value/json.h"
#include "value/utf8.h"
#include "vmafx/trainer/line_buffer.h"
#include "vmafx/trainer/predict_request.h"
#include "vmafx/trainer/student.h"

namespace {

using value::Json;
using vmafx::trainer::LineBuffer;
using vmafx::trainer::Student;

// The first byte is the width; 0 is that of a model.
void Predict(std::string_view text) {
  if (text.empty()) return;
  static const Student student = Student::Prior(1);
  const auto features = static_cast<size_t>(student.features());
  const size_t width = text[0] % 4 == 0 ? features : static_cast<size_t>(text[0] & 3);
  const auto rows = vmafx::trainer::ReadPredictRequest(text.substr(1), width);
  if (!rows.ok()) {
    // It goes into the answer.
    const std::string& message = rows.error().message();
    CHECK(!message.empty() && value::FindInvalidUtf8(message) == std::string::npos);
    return;
  }
  CHECK(rows->size() <= 1000);
  for (const auto& row : *rows) {
    CHECK(row.size() == width);
    if (width == features) CHECK(std::isfinite(student.Predict(row)));
  }
  const auto again = vmafx::trainer::ReadPredictRequest(Json{{"features", *rows}}.dump(), width);
  CHECK(again.ok() && *again == *rows);
}

struct Lines {
  std::vector<std::string> texts;
  size_t too_long = 0;
  void Take(LineBuffer& buffer) {
    for (auto lines = buffer.Take(); !lines.empty(); lines = buffer.Take()) {
      for (const LineBuffer::Line& line : lines) {
        CHECK(line.too_long ? line.text.empty() : !line.text.empty());
        texts.push_back(line.too_long ? "(too long)" : line.text);
        CHECK(line.text.find('\n') == std::string::npos && line.text.size() < 20);
      }
    }
  }
};

// The same lines however the network cuts them. The first byte says how.
void CutLines(std::string_view text) {
  if (text.empty()) return;
  const size_t step = 1 + static_cast<unsigned char>(text[0]) % 40;
  text.remove_prefix(1);
  LineBuffer whole(20);
  LineBuffer cut(20);
  Lines at_once;
  Lines in_pieces;
  whole.Add(text);
  at_once.Take(whole);
  for (size_t at = 0; at < text.size(); at += step) {
    cut.Add(text.substr(at, step));
    in_pieces.Take(cut);
  }
  CHECK(at_once.texts == in_pieces.texts);
  CHECK(whole.InLine() == cut.InLine());
  CHECK(whole.InLine() == (!text.empty() && text.back() != '\n'));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  constexpr void (*kReaders[])(std::string_view) = {Predict, CutLines};
  kReaders[data[0] % std::size(kReaders)](fuzz::Text(data + 1, size - 1));
  return 0;
}
