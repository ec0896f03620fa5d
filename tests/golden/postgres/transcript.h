#pragma once
// A recorded conversation, as record.py writes it and the replay adds to it:
//
//   any prose
//
//   F <bytes>     from the client, one message or its beginning
//   f <bytes>     the rest of that message
//   B, b <bytes>  from the server
//   = <event>     what the parsers and the ledger made of the flight above: a run of F or of B
//   lines
//
// Bytes are printable ASCII as it is, "\s" for a space, "\xx" (two hexadecimal digits) for the
// rest.

#include <string>
#include <vector>

namespace chaperone::pg {

struct Flight {
  bool from_client = false;
  std::string bytes;
  std::vector<std::string> lines;   // as they stand in the file
  std::vector<std::string> events;  // expected
};

struct Transcript {
  std::string prose;
  std::vector<Flight> flights;
};

// Fails the running test on a malformed file.
Transcript read_transcript(const std::string& path);
void write_transcript(const std::string& path, const Transcript& transcript);

// Printable ASCII, the rest as \xx; at most 200 characters, then "...".
std::string printable(std::string_view bytes);

}  // namespace chaperone::pg
