#include <array>
#include <cstring>

#include "audit/frame.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

namespace chaperone::audit {
namespace {

using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) ? 0x82F63B78u : 0u);
    tables[0][i] = crc;
  }
  for (std::size_t t = 1; t < 8; ++t) {
    for (std::size_t i = 0; i < 256; ++i) {
      tables[t][i] = (tables[t - 1][i] >> 8) ^ tables[0][tables[t - 1][i] & 255];
    }
  }
  return tables;
}
constexpr Tables kTables = make_tables();

std::uint64_t load_le(const std::uint8_t* p) {
  std::uint64_t value = 0;
  for (int i = 7; i >= 0; --i) value = value << 8 | p[i];
  return value;
}

// Eight bytes a step, one table for each.
std::uint32_t crc_by_table(std::uint32_t crc, const std::uint8_t* p, std::size_t size) {
  for (; size >= 8; p += 8, size -= 8) {
    std::uint64_t word = load_le(p) ^ crc;
    crc = 0;
    for (std::size_t k = 0; k < 8; ++k) crc ^= kTables[7 - k][word >> (8 * k) & 255];
  }
  for (; size > 0; ++p, --size) crc = (crc >> 8) ^ kTables[0][(crc ^ *p) & 255];
  return crc;
}

#if defined(__x86_64__)
[[gnu::target("sse4.2")]] std::uint32_t crc_by_cpu(std::uint32_t crc, const std::uint8_t* p,
                                                   std::size_t size) {
  std::uint64_t wide = crc;
  for (; size >= 8; p += 8, size -= 8) {
    std::uint64_t word;
    std::memcpy(&word, p, 8);
    wide = _mm_crc32_u64(wide, word);
  }
  crc = static_cast<std::uint32_t>(wide);
  for (; size > 0; ++p, --size) crc = _mm_crc32_u8(crc, *p);
  return crc;
}
bool cpu_has_crc() {
  static const bool has = __builtin_cpu_supports("sse4.2");
  return has;
}
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
std::uint32_t crc_by_cpu(std::uint32_t crc, const std::uint8_t* p, std::size_t size) {
  for (; size >= 8; p += 8, size -= 8) crc = __crc32cd(crc, load_le(p));
  for (; size > 0; ++p, --size) crc = __crc32cb(crc, *p);
  return crc;
}
constexpr bool cpu_has_crc() { return true; }
#else
std::uint32_t crc_by_cpu(std::uint32_t crc, const std::uint8_t* p, std::size_t size) {
  return crc_by_table(crc, p, size);
}
constexpr bool cpu_has_crc() { return false; }
#endif

}  // namespace

std::uint32_t crc32c(Bytes bytes, std::uint32_t seed) {
  std::uint32_t crc = ~seed;
  return ~(cpu_has_crc() ? crc_by_cpu(crc, bytes.data(), bytes.size())
                         : crc_by_table(crc, bytes.data(), bytes.size()));
}

std::uint32_t crc32c_portable(Bytes bytes, std::uint32_t seed) {
  return ~crc_by_table(~seed, bytes.data(), bytes.size());
}

}  // namespace chaperone::audit
