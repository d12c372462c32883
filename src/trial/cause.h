#pragma once

// One thing that is wrong in a cluster, as diagnosis tells it.

#include <string>
#include <vector>

namespace trial {

struct Cause {
  // How near to the root of the trouble; of several the greatest is told first.
  enum class Weight {
    kSymptom,   // follows from something else: "0 of 3 replicas are ready"
    kStarting,  // takes its time
    kTrouble,   // wrong, but perhaps not for long
    kTelling,   // an event that says why
    kStuck,     // stays so until somebody mends it: an owner that has given up
    kRoot,      // the same, where it comes from: container, volume, quota, node
  };
  std::string text;    // one line: "Pod ns/web-5d: container app is waiting: ImagePullBackOff: ..."
  std::string reason;  // Kubernetes' word for it: "ImagePullBackOff"; may be ""
  std::string about;   // whose it is: "Pod ns/web-5d/app"
  Weight weight = Weight::kSymptom;

  // Does it end a wait that is to fail early?
  bool stuck() const { return weight >= Weight::kStuck; }
};

// Messages of Kubernetes come with line breaks and blanks at their ends.
std::string OneLine(std::string text);
// "Reason: message", or what there is of it.
std::string Reasoned(const std::string& reason, const std::string& message);

// The same with every text in one line: any part of it may come from somebody else's object.
std::vector<Cause> InOneLine(std::vector<Cause> causes);

// The texts, in order.
std::vector<std::string> Lines(const std::vector<Cause>& causes);

// The one to tell when there is room for one: the last of those with the greatest weight (later
// ones stand further down); null without any.
const Cause* RootOf(const std::vector<Cause>& causes);

}  // namespace trial
