#pragma once

// sqlite: what has to be there tomorrow: one SQLite file, one connection, one thread.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace sqlite {

using Blob = std::vector<double>;  // stored as little-endian IEEE 754, as the machine has them
using SqlValue = std::variant<std::nullptr_t, int64_t, double, std::string, Blob>;

// The current row of a query; only valid inside its callback. Columns count from 0; NULL reads as 0
// or "".
class Row {
 public:
  explicit Row(sqlite3_stmt* statement) : statement_(statement) {}
  int64_t Int(int column) const;
  double Double(int column) const;
  std::string Text(int column) const;
  Blob Doubles(int column) const;

 private:
  sqlite3_stmt* statement_;
};

// kOwned: one process has the file, a second that opens it fails; WAL. kShared: several processes
// may write in turn; each waits some seconds for the other.
enum class Sharing { kOwned, kShared };

// One connection to one SQLite file, used by one thread. synchronous=FULL: what COMMIT has answered
// survives a power cut (https://www.sqlite.org/pragma.html#pragma_synchronous).
class Database {
 public:
  // Makes the file where it is missing (its folder must exist). kUnavailable names the path and
  // SQLite's reason.
  static base::Result<Database> Open(const std::filesystem::path& path,
                                     Sharing sharing = Sharing::kOwned);

  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();

  // Runs one statement with `values` for its ?1, ?2... and calls `on_row` with each row. Prepared
  // statements are kept for the next time. kUnavailable: the disk (full, gone); kInternal: the
  // statement.
  base::Result<> Run(std::string_view sql, const std::vector<SqlValue>& values = {},
                     const std::function<void(const Row&)>& on_row = {});

  // Rows that the last INSERT, UPDATE or DELETE changed.
  int64_t Changes() const;

 private:
  struct State;
  explicit Database(std::unique_ptr<State> state);
  base::Error Problem(std::string_view doing) const;
  base::Result<sqlite3_stmt*> Prepared(std::string_view sql);
  std::unique_ptr<State> state_;
};

}  // namespace sqlite
