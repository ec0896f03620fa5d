#pragma once
// Bounds of a policy, each with its reason. Its author is trusted; these keep an accident small and
// the cost of one decision known.

#include <cstddef>
#include <cstdint>

namespace chaperone::policy {

// Every command shape is compared with every rule of its subject and resource once.
inline constexpr std::size_t kRulesMax = 2000;
inline constexpr std::size_t kResourcesMax = 1000;

// Steps aside of one rule; a rule with more wants to be two.
inline constexpr std::size_t kExceptsMax = 64;

// Matches that ask about text, parameters or time: decide() keeps two bits for each on its stack.
inline constexpr std::size_t kGuardsMax = 512;

// Patterns of one list.
inline constexpr std::size_t kPatternsMax = 10000;

// A rule's or resource's name is a metric's label and a record's field.
inline constexpr std::size_t kNameBytesMax = 64;

// What the agent reads in an error message.
inline constexpr std::size_t kReasonBytesMax = 500;

// A regular expression's text, and the memory its automaton may take (RE2 then slows, never grows).
inline constexpr std::size_t kRegexBytesMax = 1000;
inline constexpr std::int64_t kRegexMemoryBytesMax = 1024 * 1024;

}  // namespace chaperone::policy
