#include "audit/frame.h"

#include <catch2/catch.hpp>  // last: its CHECK is the test's

namespace chaperone::audit {
namespace {

TEST_CASE("frames come back, and end cleanly") {
  std::string out;
  append_frame(out, as_bytes("one"));
  append_frame(out, as_bytes("two"));
  FrameReader reader(as_bytes(out));
  CHECK(as_text(*reader.next()) == "one");
  CHECK(as_text(*reader.next()) == "two");
  CHECK_FALSE(reader.next());
  CHECK(reader.fault() == nullptr);
  CHECK(reader.offset() == out.size());
}

TEST_CASE("every altered byte and every cut is noticed at its frame") {
  std::string out;
  append_frame(out, as_bytes("first record"));
  std::size_t second = out.size();
  append_frame(out, as_bytes("second record"));
  for (std::size_t i = 0; i < out.size(); ++i) {
    std::string altered = out;
    altered[i] = static_cast<char>(altered[i] ^ 0x10);
    FrameReader reader(as_bytes(altered));
    while (reader.next()) {
    }
    CHECK(reader.fault() != nullptr);
    CHECK(reader.offset() == (i < second ? 0 : second));
    FrameReader cut(as_bytes(std::string_view(out).substr(0, i)));
    while (cut.next()) {
    }
    CHECK((cut.fault() != nullptr) == (i != 0 && i != second));
  }
}

TEST_CASE("an absurd length is refused before anything is read") {
  std::string out("\xFF\xFF\xFF\x7F\0\0\0\0", 8);
  FrameReader reader(as_bytes(out));
  CHECK_FALSE(reader.next());
  CHECK(std::string(reader.fault()) == "impossible frame length");
}

}  // namespace
}  // namespace chaperone::audit
