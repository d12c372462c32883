#pragma once

// What is remembered of clusters of kind, beside what kind itself keeps in its containers:
//
//   STATE/.kind/NAME.lock   held while a cluster is made or removed, and by `seatrial run` for as
//                           long as it uses a cluster that is to end with it
//   STATE/.kind/NAME/       kubeconfig, record.json, logs; mode 0700

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "cluster/provider.h"

namespace cluster::kind {

struct Record {
  Cluster cluster;
  std::string engine;        // the client's name
  bool engine_ours = false;  // of `seatrial engine up`
  pid_t engine_init = 0;     // then: of which one
  pid_t relay = 0;           // and what brings the API server's port out
  pid_t making = 0;          // the process group of the kind that makes it
  bool tied = false;         // without somebody at its lock it is to be removed
};

// Both in `folder`, that of the cluster. Reading gives kNotFound when there is none, kInvalid when
// it is damaged.
base::Result<> WriteRecord(const std::filesystem::path& folder, const Record& record);
base::Result<Record> ReadRecord(const std::filesystem::path& folder);

// The text of the file, and back.
std::string RecordText(const Record& record);
base::Result<Record> ParseRecord(std::string_view text, const std::filesystem::path& folder);

}  // namespace cluster::kind
