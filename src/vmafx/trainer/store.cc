#include "vmafx/trainer/store.h"

#include "net/certificates.h"
#include "value/json.h"

namespace vmafx::trainer {

using base::Code;
using base::Fail;
using base::Result;
using sqlite::Row;
using value::Json;

namespace {

// Raised when a stored model or sample would be read wrongly by what was written before.
constexpr int64_t kSchema = 1;

// Names of jobs may be long, and there are many: a part of their SHA-256 is enough to know them by.
std::string KeyOf(const std::string& job_id) {
  return net::Sha256Hex(job_id).substr(0, 32);
}

Json ToJson(const CheckpointRecord& record) {
  return {{"version", record.version},
          {"samples", record.samples},
          {"at", record.at},
          {"at_unix", record.at_unix},
          {"model_version", record.model_version},
          {"model_digest", record.model_digest},
          {"gate_result", record.gate_result},
          {"message", record.message},
          {"stable_samples", record.stable_samples},
          {"stable_version", record.stable_version},
          {"passed", record.passed},
          {"not_enough", record.not_enough},
          {"rejected", record.rejected},
          {"quarantined", record.quarantined}};
}

int64_t Whole(const Json& json, const char* field) {
  const Json* found = value::Find(json, {field});
  return found != nullptr && found->is_number_integer() ? found->get<int64_t>() : 0;
}

}  // namespace

Result<Store> Store::Open(const std::filesystem::path& path, Retention retention) {
  Store store(TRY(sqlite::Database::Open(path)), retention);
  TRY(store.Begin());
  TRY(store.MakeTables());
  TRY(store.Commit());
  return store;
}

Result<> Store::MakeTables() {
  int64_t schema = 0;
  TRY(database_.Run("PRAGMA user_version", {}, [&](const Row& row) { schema = row.Int(0); }));
  if (schema == kSchema) return base::Ok();
  if (schema != 0) {
    return Fail(Code::kInvalid, "the state is of version {}, this program reads {}", schema,
                kSchema);
  }
  TRY(database_.Run("CREATE TABLE known(number INTEGER PRIMARY KEY, job TEXT NOT NULL UNIQUE)"));
  TRY(
      database_.Run("CREATE TABLE samples(number INTEGER PRIMARY KEY, held_out INTEGER NOT NULL, "
                    "score REAL NOT NULL, features BLOB NOT NULL)"));
  TRY(database_.Run("CREATE INDEX samples_by_kind ON samples(held_out, number)"));
  TRY(database_.Run("CREATE TABLE kept(name TEXT PRIMARY KEY, text TEXT, numbers BLOB)"));
  return database_.Run(fmt::format("PRAGMA user_version={}", kSchema));
}

Result<bool> Store::IsKnown(const std::string& job_id) {
  bool known = false;
  TRY(database_.Run("SELECT 1 FROM known WHERE job=?1", {KeyOf(job_id)},
                    [&](const Row&) { known = true; }));
  return known;
}

Result<> Store::Add(const std::string& job_id, const StoredSample& sample) {
  const int64_t held_out = sample.held_out ? 1 : 0;
  TRY(database_.Run("INSERT INTO known(number, job) VALUES(?1, ?2)",
                    {sample.number, KeyOf(job_id)}));
  TRY(database_.Run("DELETE FROM known WHERE number<=?1", {sample.number - retention_.known_jobs}));
  TRY(database_.Run("INSERT INTO samples(number, held_out, score, features) VALUES(?1, ?2, ?3, ?4)",
                    {sample.number, held_out, sample.sample.score, sample.sample.features}));
  const auto most = static_cast<int64_t>(sample.held_out ? retention_.held_out : retention_.replay);
  return database_.Run(
      "DELETE FROM samples WHERE held_out=?1 AND number<=(SELECT number FROM samples "
      "WHERE held_out=?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)",
      {held_out, most});
}

Result<> Store::Remove(int64_t number) {
  return database_.Run("DELETE FROM samples WHERE number=?1", {number});
}

Result<std::vector<StoredSample>> Store::Samples() {
  std::vector<StoredSample> samples;
  TRY(database_.Run(
      "SELECT number, held_out, score, features FROM samples ORDER BY number", {},
      [&](const Row& row) {
        samples.push_back({row.Int(0), row.Int(1) != 0, {row.Doubles(3), row.Double(2)}});
      }));
  return samples;
}

Result<int64_t> Store::Counted() {
  int64_t counted = 0;
  TRY(database_.Run("SELECT max(number) FROM known", {},
                    [&](const Row& row) { counted = row.Int(0); }));
  return counted;
}

Result<> Store::SaveNumbers(const std::string& name, std::vector<double> numbers) {
  return database_.Run(
      "INSERT INTO kept(name, numbers) VALUES(?1, ?2) "
      "ON CONFLICT(name) DO UPDATE SET numbers=excluded.numbers",
      {name, std::move(numbers)});
}

Result<std::vector<double>> Store::LoadNumbers(const std::string& name) {
  std::vector<double> numbers;
  TRY(database_.Run("SELECT numbers FROM kept WHERE name=?1", {name},
                    [&](const Row& row) { numbers = row.Doubles(0); }));
  return numbers;
}

Result<> Store::SaveText(const std::string& name, const std::string& text) {
  return database_.Run(
      "INSERT INTO kept(name, text) VALUES(?1, ?2) "
      "ON CONFLICT(name) DO UPDATE SET text=excluded.text",
      {name, text});
}

Result<std::string> Store::LoadText(const std::string& name) {
  std::string text;
  TRY(database_.Run("SELECT text FROM kept WHERE name=?1", {name},
                    [&](const Row& row) { text = row.Text(0); }));
  return text;
}

Result<> Store::SaveRecord(const CheckpointRecord& record) {
  // The message may quote what a registry sent, which need not be UTF-8.
  return SaveText("checkpoints",
                  ToJson(record).dump(-1, ' ', false, Json::error_handler_t::replace));
}

Result<CheckpointRecord> Store::LoadRecord() {
  const std::string text = TRY(LoadText("checkpoints"));
  CheckpointRecord record;
  if (text.empty()) return record;
  const Json json = TRY(value::ParseJson(text).During("stored checkpoints"));
  record.version = Whole(json, "version");
  record.samples = Whole(json, "samples");
  record.at = value::FindString(json, {"at"});
  record.at_unix = Whole(json, "at_unix");
  record.model_version = value::FindString(json, {"model_version"});
  record.model_digest = value::FindString(json, {"model_digest"});
  record.gate_result = value::FindString(json, {"gate_result"});
  record.message = value::FindString(json, {"message"});
  record.stable_samples = Whole(json, "stable_samples");
  record.stable_version = value::FindString(json, {"stable_version"});
  record.passed = Whole(json, "passed");
  record.not_enough = Whole(json, "not_enough");
  record.rejected = Whole(json, "rejected");
  record.quarantined = Whole(json, "quarantined");
  return record;
}

}  // namespace vmafx::trainer
