#include "sqlite/database.h"

#include <bit>
#include <cstring>

#include <sqlite3.h>

namespace sqlite {

using base::Code;
using base::Fail;

static_assert(std::endian::native == std::endian::little, "blobs of doubles are little-endian");

namespace {
constexpr int kPatienceMilliseconds = 10'000;
}

struct Database::State {
  std::filesystem::path path;
  sqlite3* connection = nullptr;
  std::map<std::string, sqlite3_stmt*, std::less<>> statements;

  ~State() {
    for (auto& [sql, statement] : statements) sqlite3_finalize(statement);
    sqlite3_close(connection);
  }
};

int64_t Row::Int(int column) const {
  return sqlite3_column_int64(statement_, column);
}

double Row::Double(int column) const {
  return sqlite3_column_double(statement_, column);
}

std::string Row::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (text == nullptr) return {};
  return {text, static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}

Blob Row::Doubles(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  Blob values(static_cast<size_t>(sqlite3_column_bytes(statement_, column)) / sizeof(double));
  if (!values.empty()) std::memcpy(values.data(), bytes, values.size() * sizeof(double));
  return values;
}

Database::Database(std::unique_ptr<State> state) : state_(std::move(state)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

base::Error Database::Problem(std::string_view doing) const {
  const int code = sqlite3_errcode(state_->connection) & 0xff;
  const bool ours = code == SQLITE_ERROR || code == SQLITE_MISUSE || code == SQLITE_CONSTRAINT ||
                    code == SQLITE_RANGE || code == SQLITE_MISMATCH;
  return Fail(ours ? Code::kInternal : Code::kUnavailable, "database {}: {}: {}",
              state_->path.string(), doing, sqlite3_errmsg(state_->connection));
}

base::Result<Database> Database::Open(const std::filesystem::path& path, Sharing sharing) {
  Database database(std::make_unique<State>());
  database.state_->path = path;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  if (sqlite3_open_v2(path.c_str(), &database.state_->connection, flags, nullptr) != SQLITE_OK) {
    return database.Problem("opening it");
  }
  for (const char* pragma : {"PRAGMA synchronous=FULL", "PRAGMA foreign_keys=ON"})
    TRY(database.Run(pragma));
  if (sharing == Sharing::kShared) {
    // No WAL: its index is memory that only processes of one machine share.
    sqlite3_busy_timeout(database.state_->connection, kPatienceMilliseconds);
    return database;
  }
  // Exclusive locking: one program owns its file, and the WAL index needs no shared memory. The
  // lock is taken with the first write, so make one at once.
  for (const char* statement :
       {"PRAGMA locking_mode=EXCLUSIVE", "PRAGMA journal_mode=WAL", "BEGIN EXCLUSIVE", "COMMIT"}) {
    TRY(database.Run(statement));
  }
  return database;
}

base::Result<sqlite3_stmt*> Database::Prepared(std::string_view sql) {
  auto known = state_->statements.find(sql);
  if (known != state_->statements.end()) return known->second;
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(state_->connection, sql.data(), static_cast<int>(sql.size()),
                         SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK) {
    return Problem(sql);
  }
  state_->statements.emplace(sql, statement);
  return statement;
}

namespace {

struct Binder {
  sqlite3_stmt* statement;
  int index;

  int operator()(std::nullptr_t) const { return sqlite3_bind_null(statement, index); }
  int operator()(int64_t value) const { return sqlite3_bind_int64(statement, index, value); }
  int operator()(double value) const { return sqlite3_bind_double(statement, index, value); }
  int operator()(const std::string& value) const {
    return sqlite3_bind_text64(statement, index, value.data(), value.size(), SQLITE_TRANSIENT,
                               SQLITE_UTF8);
  }
  int operator()(const Blob& value) const {
    // A null pointer would bind NULL.
    if (value.empty()) return sqlite3_bind_zeroblob(statement, index, 0);
    return sqlite3_bind_blob64(statement, index, value.data(), value.size() * sizeof(double),
                               SQLITE_TRANSIENT);
  }
};

// A statement must be reset after each use, or it keeps its transaction open.
struct Reset {
  sqlite3_stmt* statement;
  ~Reset() {
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
  }
};

}  // namespace

base::Result<> Database::Run(std::string_view sql, const std::vector<SqlValue>& values,
                             const std::function<void(const Row&)>& on_row) {
  sqlite3_stmt* statement = TRY(Prepared(sql));
  Reset reset{statement};
  int index = 0;
  for (const auto& value : values) {
    if (std::visit(Binder{statement, ++index}, value) != SQLITE_OK) return Problem(sql);
  }
  for (;;) {
    const int step = sqlite3_step(statement);
    if (step == SQLITE_DONE) return base::Ok();
    if (step != SQLITE_ROW) return Problem(sql);
    if (on_row) on_row(Row(statement));
  }
}

int64_t Database::Changes() const {
  return sqlite3_changes64(state_->connection);
}

}  // namespace sqlite
