#pragma once
// A reader's connection for the length of one answer.

#include "collector/api/api.h"

namespace chaperone::collector {

class Api::Borrowed {
 public:
  explicit Borrowed(Api& api) : api_(api) {
    auto query = api.borrow();
    if (query)
      query_ = std::move(*query);
    else
      error_ = query.error().message;
  }
  ~Borrowed() {
    if (query_) api_.give_back(std::move(query_));
  }
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;

  explicit operator bool() const { return query_ != nullptr; }
  Query& operator*() { return *query_; }
  Query* operator->() { return query_.get(); }
  HttpReply refusal() const { return error_reply(503, "store", error_); }

 private:
  Api& api_;
  std::unique_ptr<Query> query_;
  std::string error_;
};

}  // namespace chaperone::collector
