#pragma once
// Result<T>: a value or an Error, which the caller must look at. g++ 12 has no std::expected in
// C++20; the names follow it, so that it can take over later.

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "proto-parsers/base/check.h"

namespace chaperone {

// What went wrong, in words for the person who must act: the thing, the reason, the next step.
// Never holds a secret or unmasked data.
struct Error {
  std::string message;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit by design
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // REQUIRES: ok().
  T& value() & { CHECK(ok()); return *std::get_if<0>(&state_); }
  const T& value() const& { CHECK(ok()); return *std::get_if<0>(&state_); }
  T&& value() && { CHECK(ok()); return std::move(*std::get_if<0>(&state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // REQUIRES: !ok().
  const Error& error() const { CHECK(!ok()); return *std::get_if<1>(&state_); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit by design

  bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }
  const Error& error() const { CHECK(error_.has_value()); return *error_; }

 private:
  std::optional<Error> error_;
};

}  // namespace chaperone
