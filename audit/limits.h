#pragma once
// Bounds of the record format. They are part of it: a reader may rely on them, so a larger value
// needs a new version (FORMAT.md).

#include <cstddef>
#include <cstdint>

namespace chaperone::audit {

// A record is a fact and not a store of payloads: 64 KiB of statement shows what was asked; what is
// cut is named by its full length and SHA-256.
inline constexpr std::size_t kTextBytesMax = 64 * 1024;

// One bound value; and how many values of one command are kept before the rest is only counted.
inline constexpr std::size_t kParameterBytesMax = 4 * 1024;
inline constexpr std::size_t kParametersMax = 256;
inline constexpr std::size_t kParametersBytesMax = 128 * 1024;  // all of one command together

// Names from outside (users, databases, labels, rules, errors) are cut here, at a UTF-8 boundary.
inline constexpr std::size_t kNameBytesMax = 1024;

// What one command's statements touch, all together; what is beyond is cut, and a last statement
// with the verb "..." says so. The decision was made on the whole.
inline constexpr std::size_t kMeaningBytesMax = 256 * 1024;

// Labels are those that an operator listed; groups come from a token. A longer list is cut.
inline constexpr std::size_t kLabelsMax = 64;
inline constexpr std::size_t kGroupsMax = 256;

// A whole record: any reader may hold one in memory. What exceeds it is refused by the writer.
inline constexpr std::size_t kRecordBytesMax = 1024 * 1024;

// So that no command can be refused for the size of its record: all parts at their worst, with
// 4 KiB for numbers and 64 bytes around each entry of a list.
inline constexpr std::size_t kRecordBytesWorst =
    (kLabelsMax * 2 + kGroupsMax + 32) * (kNameBytesMax + 64) + kMeaningBytesMax + kTextBytesMax +
    kParametersBytesMax + kParametersMax * 64 + 4096;
static_assert(kRecordBytesWorst <= kRecordBytesMax);

// An enrolment document is a handful of claims.
inline constexpr std::size_t kEnrolmentBytesMax = 64 * 1024;

}  // namespace chaperone::audit
