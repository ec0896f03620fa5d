#pragma once
// Requests to the collector over TLS, its certificate always verified. Errors are for people: what
// happened, and what to do.

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/settings.h"
#include "proto-parsers/base/result.h"

namespace chaperone::cli {

using Parameters = std::vector<std::pair<std::string, std::string>>;  // empty values are left out

class Client {
 public:
  static Result<std::unique_ptr<Client>> open(const Settings& settings);
  ~Client();

  // The body of a successful answer.
  Result<std::string> get(const std::string& path, const Parameters& parameters = {});
  // The same in pieces; `take` gives false to end it.
  Result<void> stream(const std::string& path, const Parameters& parameters,
                      const std::function<bool(std::string_view)>& take);

 private:
  struct State;
  explicit Client(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace chaperone::cli
