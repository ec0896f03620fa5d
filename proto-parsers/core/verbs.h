#pragma once
// Every verb that a statement can have (Statement::verb), so that a policy can be told of a word
// that no statement will ever carry. A test reads the parsers' own words against it.

#include <span>
#include <string_view>

namespace chaperone {

// Upper case, sorted.
std::span<const std::string_view> verbs();

}  // namespace chaperone
