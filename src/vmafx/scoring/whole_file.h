#pragma once

#include "base/result.h"

namespace vmafx::scoring {

// Whether the file open at `fd` is as long as its own container says, where that is told by its
// outermost parts: the boxes of MP4 and QuickTime, the elements of Matroska and WebM, the chunk of
// AVI, the header of IVF's frames. kInvalid names the part that is cut. Ok for all other files, for
// a part that says "to the end", and for what is behind the last whole part. Decoders make do with
// less, and a file cut between two frames would be scored as a shorter one.
// Reads with pread and leaves the position; blocks as the disk does.
base::Result<> CheckWholeFile(int fd);

}  // namespace vmafx::scoring
