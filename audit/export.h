#pragma once
// An export: a file that proves itself, given the collector's public key. Frames (frame.h) whose
// first byte says what the rest is:
//
//   'H' header    "chaperone-export 1" newline, then one line of JSON for people (unproven)
//   'E' enrolment a document of checkpoint.h
//   'S' section   writer id (16 bytes): records of that writer follow, in order and without a gap
//   'R' record    canonical bytes
//   'Z' end       number of records u64: a file without it was cut

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "audit/crypto.h"
#include "audit/frame.h"
#include "proto-parsers/base/bytes.h"

namespace chaperone::audit {

enum class ExportTag : std::uint8_t {
  kHeader = 'H',
  kEnrolment = 'E',
  kSection = 'S',
  kRecord = 'R',
  kEnd = 'Z',
};

inline constexpr std::string_view kExportMagic = "chaperone-export 1\n";

// Appends to a string that the caller drains where it likes (file, HTTP chunk).
class ExportWriter {
 public:
  explicit ExportWriter(std::string& out) : out_(out) {}
  void header(std::string_view json);  // first, once
  void enrolment(Bytes document);      // any number, before their section's records
  void section(const Id& writer);
  void record(Bytes record);
  void end();  // last, once

 private:
  void put(ExportTag tag, Bytes bytes);
  std::string& out_;
  std::vector<std::uint8_t> scratch_;
  std::uint64_t records_ = 0;
};

}  // namespace chaperone::audit
