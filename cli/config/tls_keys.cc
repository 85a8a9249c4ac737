#include "cli/config/key_tables.h"

/// TLS by listener: one entry per key, in the order of the paths.

namespace conclave::cli {
namespace {

using enum KeyClass;
using enum KeyType;

constexpr std::string_view no_tls = "TLS comes later; remove it to run without";
constexpr std::string_view tls_off = "TLS comes later";

constexpr KeyEntry entries[] = {
    {"tls.defaults.ca_file", text, refused, "", "all of the others: certificates of whom to trust",
     no_tls},
    {"tls.defaults.ca_path", text, refused, "", "all of the others: directory of such files",
     no_tls},
    {"tls.defaults.cert_file", text, refused, "", "all of the others: certificate of this agent",
     no_tls},
    {"tls.defaults.key_file", text, refused, "", "all of the others: its private key", no_tls},
    {"tls.defaults.tls_cipher_suites", text, later, "", "all of the others: cipher suites",
     tls_off},
    {"tls.defaults.tls_min_version", text, later, "\"TLSv1_2\"",
     "all of the others: oldest version of TLS", tls_off},
    {"tls.defaults.verify_incoming", boolean, refused, "false",
     "all of the others: ask for a certificate", no_tls},
    {"tls.defaults.verify_outgoing", boolean, refused, "false",
     "all of the others: look at the certificates of others", no_tls},
    {"tls.defaults.verify_server_hostname", boolean, refused, "false",
     "all of the others: look at the names in them", no_tls},
    {"tls.grpc.ca_file", text, refused, "", "gRPC: certificates of whom to trust", no_tls},
    {"tls.grpc.ca_path", text, refused, "", "gRPC: directory of such files", no_tls},
    {"tls.grpc.cert_file", text, refused, "", "gRPC: certificate of this agent", no_tls},
    {"tls.grpc.key_file", text, refused, "", "gRPC: its private key", no_tls},
    {"tls.grpc.tls_cipher_suites", text, later, "", "gRPC: cipher suites", tls_off},
    {"tls.grpc.tls_min_version", text, later, "\"TLSv1_2\"", "gRPC: oldest version of TLS",
     tls_off},
    {"tls.grpc.use_auto_cert", boolean, later, "false", "gRPC: use the certificate of auto_encrypt",
     tls_off},
    {"tls.grpc.verify_incoming", boolean, refused, "false", "gRPC: ask for a certificate", no_tls},
    {"tls.grpc.verify_outgoing", boolean, refused, "false",
     "gRPC: look at the certificates of others", no_tls},
    {"tls.grpc.verify_server_hostname", boolean, refused, "false",
     "gRPC: look at the names in them", no_tls},
    {"tls.https.ca_file", text, refused, "", "HTTPS: certificates of whom to trust", no_tls},
    {"tls.https.ca_path", text, refused, "", "HTTPS: directory of such files", no_tls},
    {"tls.https.cert_file", text, refused, "", "HTTPS: certificate of this agent", no_tls},
    {"tls.https.key_file", text, refused, "", "HTTPS: its private key", no_tls},
    {"tls.https.tls_cipher_suites", text, later, "", "HTTPS: cipher suites", tls_off},
    {"tls.https.tls_min_version", text, later, "\"TLSv1_2\"", "HTTPS: oldest version of TLS",
     tls_off},
    {"tls.https.verify_incoming", boolean, refused, "false", "HTTPS: ask for a certificate",
     no_tls},
    {"tls.https.verify_outgoing", boolean, refused, "false",
     "HTTPS: look at the certificates of others", no_tls},
    {"tls.https.verify_server_hostname", boolean, refused, "false",
     "HTTPS: look at the names in them", no_tls},
    {"tls.internal_rpc.ca_file", text, refused, "",
     "RPC between nodes: certificates of whom to trust", no_tls},
    {"tls.internal_rpc.ca_path", text, refused, "", "RPC between nodes: directory of such files",
     no_tls},
    {"tls.internal_rpc.cert_file", text, refused, "",
     "RPC between nodes: certificate of this agent", no_tls},
    {"tls.internal_rpc.key_file", text, refused, "", "RPC between nodes: its private key", no_tls},
    {"tls.internal_rpc.tls_cipher_suites", text, later, "", "RPC between nodes: cipher suites",
     tls_off},
    {"tls.internal_rpc.tls_min_version", text, later, "\"TLSv1_2\"",
     "RPC between nodes: oldest version of TLS", tls_off},
    {"tls.internal_rpc.verify_incoming", boolean, refused, "false",
     "RPC between nodes: ask for a certificate", no_tls},
    {"tls.internal_rpc.verify_outgoing", boolean, refused, "false",
     "RPC between nodes: look at the certificates of others", no_tls},
    {"tls.internal_rpc.verify_server_hostname", boolean, refused, "false",
     "RPC between nodes: look at the names in them", no_tls},
};

}  // namespace

std::span<const KeyEntry> tls_keys() { return entries; }

}  // namespace conclave::cli
