#pragma once
// PostgreSQL's MD5 proof (55.2.1): what a server with md5 in its pg_hba wants to see.

#include <string>
#include <string_view>

#include "proto-parsers/base/bytes.h"

namespace chaperone {

// "md5" and 32 digits: of MD5(MD5(password role) salt).
std::string md5_proof(std::string_view password, std::string_view role, Bytes salt);

}  // namespace chaperone
