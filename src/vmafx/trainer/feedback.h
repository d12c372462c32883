#pragma once

#include "vmafx/trainer/line_server.h"
#include "vmafx/trainer/trainer.h"

namespace vmafx::trainer {

// Lines of the feedback format (vmafx/api/feedback.h) in, acknowledgements out. A line that is no
// sample gets a reply that says why. Where a sample could not be stored there is no reply at all:
// the connection is closed, and the worker sends it again.
LineHandler MakeFeedbackHandler(Trainer& trainer, Board& board, base::Log log);

// Limits of the port, with the reply to a line that is too long.
LineServerOptions FeedbackServerOptions();

// The handler of --forward: passes lines on to the trainer at `address` and its replies back, as
// they are. Learns nothing. While the trainer cannot be reached it tries again until `patience` has
// passed, then closes the connection, as above. Each connection holds one batch of lines at most.
LineHandler MakeForwarder(std::string address, base::Duration patience, base::Log log);

}  // namespace vmafx::trainer
