#pragma once
// The SQLSTATEs (PostgreSQL's Appendix A) under which the sidecar itself speaks in an open session;
// docs/postgres.md says when.

#include <string_view>

namespace chaperone::session {

inline constexpr std::string_view kInsufficientPrivilege = "42501";
inline constexpr std::string_view kProgramLimit = "54000";
inline constexpr std::string_view kUnknownStatement = "26000";
inline constexpr std::string_view kUnknownPortal = "34000";
inline constexpr std::string_view kNameTooLong = "42622";
inline constexpr std::string_view kCannotNow = "55000";
inline constexpr std::string_view kDiskFull = "53100";

}  // namespace chaperone::session
