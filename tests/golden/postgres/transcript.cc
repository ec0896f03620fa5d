#include "tests/golden/postgres/transcript.h"

#include <catch2/catch.hpp>
#include <fstream>

namespace chaperone::pg {

namespace {

constexpr std::string_view kDigits = "0123456789abcdef";
constexpr std::size_t kPrintedMax = 200;

std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out.push_back(text[i]);
    } else if (text.substr(i, 2) == "\\s") {
      out.push_back(' ');
      ++i;
    } else {
      REQUIRE(i + 2 < text.size());
      const std::size_t high = kDigits.find(text[i + 1]), low = kDigits.find(text[i + 2]);
      REQUIRE((high < 16 && low < 16));
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    }
  }
  return out;
}

}  // namespace

Transcript read_transcript(const std::string& path) {
  Transcript out;
  std::ifstream file(path);
  REQUIRE(file.good());
  for (std::string line; std::getline(file, line);) {
    const std::string_view head = std::string_view(line).substr(0, 2);
    const bool client = head == "F " || head == "f ";
    if (client || head == "B " || head == "b ") {
      const bool first = out.flights.empty();
      if (first || out.flights.back().from_client != client)
        out.flights.emplace_back().from_client = client;
      out.flights.back().bytes += unescape(line.substr(2));
      out.flights.back().lines.push_back(line);
    } else if (head == "= ") {
      REQUIRE(!out.flights.empty());
      out.flights.back().events.push_back(line.substr(2));
    } else {
      REQUIRE(out.flights.empty());
      out.prose += line + "\n";
    }
  }
  return out;
}

void write_transcript(const std::string& path, const Transcript& transcript) {
  std::ofstream file(path);
  file << transcript.prose;
  for (const Flight& flight : transcript.flights) {
    for (const std::string& line : flight.lines) file << line << "\n";
    for (const std::string& event : flight.events) file << "= " << event << "\n";
  }
}

std::string printable(std::string_view bytes) {
  std::string out;
  for (char c : bytes.substr(0, kPrintedMax)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 32 && byte < 127 && c != '\\') {
      out.push_back(c);
    } else {
      out += {'\\', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return bytes.size() > kPrintedMax ? out + "..." : out;
}

}  // namespace chaperone::pg
