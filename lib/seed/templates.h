#pragma once
/* The texts of cloud-init/, compiled in by meson. */
extern const char template_meta_data[];
extern const char template_network_config[];
extern const char template_user_data[];
extern const char template_vendor_data[];
