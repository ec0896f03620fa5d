#include "collector/key_set.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <rapidjson/document.h>

#include <algorithm>

#include "audit/text.h"
#include "collector/limits.h"

namespace chaperone::collector {

namespace {
constexpr int kRsaBitsMin = 2048;
constexpr std::size_t kCoordinateBytes = 32;  // of P-256

struct Free {
  void operator()(BIGNUM* number) const { BN_free(number); }
  void operator()(OSSL_PARAM_BLD* builder) const { OSSL_PARAM_BLD_free(builder); }
  void operator()(OSSL_PARAM* parameters) const { OSSL_PARAM_free(parameters); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;
using KeyPtr = std::shared_ptr<evp_pkey_st>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Owned<BIGNUM> number_of(std::string_view bytes) {
  return Owned<BIGNUM>(BN_bin2bn(bytes_of(bytes), static_cast<int>(bytes.size()), nullptr));
}

std::string text_at(const rapidjson::Value& object, const char* key) {
  auto found = object.FindMember(key);
  if (found == object.MemberEnd() || !found->value.IsString()) return {};
  return {found->value.GetString(), found->value.GetStringLength()};
}

KeyPtr key_from(const char* type, OSSL_PARAM_BLD* builder) {
  Owned<OSSL_PARAM> parameters(OSSL_PARAM_BLD_to_param(builder));
  Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  bool made = parameters && context && EVP_PKEY_fromdata_init(context.get()) == 1 &&
              EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) == 1;
  return {made ? key : nullptr, EVP_PKEY_free};
}

KeyPtr rsa_key(const rapidjson::Value& jwk) {
  auto n = number_of(from_base64url(text_at(jwk, "n")));
  auto e = number_of(from_base64url(text_at(jwk, "e")));
  if (!n || !e || BN_num_bits(n.get()) < kRsaBitsMin) return nullptr;
  Owned<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
  return key_from("RSA", builder.get());
}

KeyPtr p256_key(const rapidjson::Value& jwk) {
  std::string x = from_base64url(text_at(jwk, "x")), y = from_base64url(text_at(jwk, "y"));
  bool fits = x.size() == kCoordinateBytes && y.size() == kCoordinateBytes;
  if (!fits || text_at(jwk, "crv") != "P-256") return nullptr;
  std::string point = '\x04' + x + y;  // uncompressed
  Owned<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                   point.size());
  return key_from("EC", builder.get());
}

// JOSE has the two numbers side by side, OpenSSL wants them as DER. Empty: no such signature.
std::string der_of(std::string_view signature) {
  if (signature.size() != 2 * kCoordinateBytes) return {};
  auto r = number_of(signature.substr(0, kCoordinateBytes));
  auto s = number_of(signature.substr(kCoordinateBytes));
  Owned<ECDSA_SIG> both(ECDSA_SIG_new());
  if (!r || !s || ECDSA_SIG_set0(both.get(), r.get(), s.get()) != 1) return {};
  (void)r.release(), (void)s.release();
  unsigned char* der = nullptr;
  int size = i2d_ECDSA_SIG(both.get(), &der);
  std::string out(reinterpret_cast<char*>(der), size > 0 ? static_cast<std::size_t>(size) : 0);
  OPENSSL_free(der);
  return out;
}
}  // namespace

Result<KeySet> KeySet::parse(std::string_view json) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
  if (document.HasParseError() || !document.IsObject()) return Error{"this is no JSON object"};
  if (!document.HasMember("keys") || !document["keys"].IsArray()) {
    return Error{"it has no \"keys\""};
  }
  KeySet set;
  for (const auto& jwk : document["keys"].GetArray()) {
    if (!jwk.IsObject() || set.keys_.size() == kTokenKeysMax) continue;
    bool rsa = text_at(jwk, "kty") == "RSA", ec = text_at(jwk, "kty") == "EC";
    KeyPtr key = rsa ? rsa_key(jwk) : ec ? p256_key(jwk) : nullptr;
    if (key) set.keys_.push_back({text_at(jwk, "kid"), rsa ? "RS256" : "ES256", std::move(key)});
  }
  if (set.keys_.empty()) return Error{"none of its keys is one for RS256 or ES256"};
  return set;
}

const KeySet::Key* KeySet::find(std::string_view id) const {
  auto found = std::find_if(keys_.begin(), keys_.end(), [&](const Key& key) { return key.id == id; });
  return found == keys_.end() ? nullptr : &*found;
}

bool KeySet::verify(std::string_view id, std::string_view algorithm, std::string_view message,
                    std::string_view signature) const {
  const Key* key = find(id);
  if (!key || key->algorithm != algorithm) return false;
  std::string der = algorithm == "ES256" ? der_of(signature) : std::string(signature);
  Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  return !der.empty() && context &&
         EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key->key.get()) == 1 &&
         EVP_DigestVerify(context.get(), bytes_of(der), der.size(), bytes_of(message),
                          message.size()) == 1;
}

std::string from_base64url(std::string_view text) {
  std::string plain(text);
  if (plain.find_first_of("+/=") != std::string::npos) return {};
  std::replace(plain.begin(), plain.end(), '-', '+');
  std::replace(plain.begin(), plain.end(), '_', '/');
  while (plain.size() % 4 != 0) plain += '=';
  auto bytes = audit::from_base64(plain);
  return bytes ? std::string(bytes->begin(), bytes->end()) : std::string();
}

}  // namespace chaperone::collector
