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

// What one statement touches; a longer list is cut and ends in an entry named "...".
inline constexpr std::size_t kStatementsMax = 256;
inline constexpr std::size_t kListItemsMax = 1024;

// A whole record: any reader may hold one in memory. What exceeds it is refused by the writer.
inline constexpr std::size_t kRecordBytesMax = 1024 * 1024;

// An enrolment document is a handful of claims.
inline constexpr std::size_t kEnrolmentBytesMax = 64 * 1024;

}  // namespace chaperone::audit
