#pragma once
// Where secrets lie: one small region that is kept out of swap (mlock) and out of every core dump
// (MADV_DONTDUMP), whatever else of the hardening may fail one day. What finds no room there lies
// on the heap: a login is never refused for it.

#include <cstddef>

namespace chaperone {

// `size` bytes, not zeroed. Any thread. REQUIRES: size > 0.
char* take_secret_memory(std::size_t size);
// Zeroes and takes them back; `size` as it was asked for.
void give_secret_memory(char* memory, std::size_t size);

// For tests: does it lie in the region?
bool in_secret_region(const char* memory);

}  // namespace chaperone
