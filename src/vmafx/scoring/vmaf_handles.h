#pragma once

#include <memory>

#include <libvmaf/libvmaf.h>

namespace vmafx::scoring {

// Owners of libvmaf's objects.

struct ModelDeleter {
  void operator()(VmafModel* model) const { vmaf_model_destroy(model); }
};
using ModelHandle = std::unique_ptr<VmafModel, ModelDeleter>;

struct ContextDeleter {
  void operator()(VmafContext* context) const { vmaf_close(context); }
};
using ContextHandle = std::unique_ptr<VmafContext, ContextDeleter>;

// A context without pictures yet, silent: a library does not write to stderr. `threads` 0: the
// caller's own. Null, and `error` negative, where libvmaf refuses.
inline ContextHandle MakeContext(unsigned threads, int& error) {
  VmafConfiguration config{};
  config.log_level = VMAF_LOG_LEVEL_NONE;
  config.n_threads = threads;
  VmafContext* context = nullptr;
  error = vmaf_init(&context, config);
  return ContextHandle(error == 0 ? context : nullptr);
}

}  // namespace vmafx::scoring
