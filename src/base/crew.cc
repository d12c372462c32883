#include "base/crew.h"

#include <pthread.h>

namespace base {

bool Crew::Start(std::string name, std::function<void(std::stop_token)> body) {
  return threads_.With([&](std::vector<std::thread>& threads) {
    if (stop_.stop_requested()) return false;
    threads.emplace_back(
        [name = std::move(name), body = std::move(body), stop = stop_.get_token()] {
          pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
          body(stop);
        });
    return true;
  });
}

void Crew::StopAndJoin() {
  stop_.request_stop();
  auto threads =
      threads_.With([](std::vector<std::thread>& all) { return std::exchange(all, {}); });
  for (std::thread& thread : threads) thread.join();
}

}  // namespace base
