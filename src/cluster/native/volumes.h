#pragma once

#include <string>

#include "base/result.h"
#include "sys/fd.h"

namespace cluster::native {

// Where the controller-manager's host-path provisioner makes volumes; the node's own /tmp.
// https://github.com/kubernetes/kubernetes/blob/master/pkg/volume/hostpath/host_path.go
constexpr char kHostPathVolumes[] = "/tmp/hostpath_pv";

// The provisioner makes each volume for its own user only, and Kubernetes gives a hostPath no
// group: a Pod that is not root could not write. This gives every new folder in one place to all,
// before the PersistentVolume is even announced. One thread.
class VolumeOpener {
 public:
  // Makes `folder` and looks at it from now on.
  base::Result<> Watch(const std::string& folder);

  // Readable when there are new folders; -1 before Watch.
  int descriptor() const { return events_.get(); }

  // Sets the mode of those that are new to 0777. What has gone again is left out.
  void OpenNew();

 private:
  sys::Fd folder_;
  sys::Fd events_;
};

}  // namespace cluster::native
