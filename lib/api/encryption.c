/* {Enable,Disable,Get}EbsEncryptionByDefault, {Get,Modify,Reset}EbsDefaultKmsKeyId. */
#include "api/encryption.h"

#include <openssl/sha.h>
#include <string.h>

#include "api/setting.h"
#include "base/id.h"
#include "base/text.h"

#define KEY_ALIAS "alias/aws/ebs"

bool encryption_by_default(struct call *c)
{
    return setting_get(c, SETTING_ENCRYPTION) != NULL;
}

/* In the form of a UUID. It never changes, and says nothing. */
static const char *key_id(struct call *c)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    char hex[2 * SHA256_DIGEST_LENGTH + 1];
    const char *name = arena_printf(c->arena, "croft " KEY_ALIAS " %s %s", c->principal->account_id,
                                    c->region->name);
    (void)SHA256((const unsigned char *)name, strlen(name), digest);
    hex_encode(digest, sizeof(digest), hex);
    return arena_printf(c->arena, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
                        hex + 20);
}

static const char *arn_of(struct call *c, const char *resource)
{
    return arena_printf(c->arena, "arn:aws:kms:%s:%s:%s", c->region->name, c->principal->account_id,
                        resource);
}

const char *encryption_key(struct call *c)
{
    return arn_of(c, arena_printf(c->arena, "key/%s", key_id(c)));
}

const char *encryption_key_of(struct call *c, bool encrypted)
{
    return encrypted ? encryption_key(c) : NULL;
}

/* In any of the four forms that EC2 takes (AWS: CreateVolume, "KmsKeyId"). */
static int check_key(struct call *c, const char *id, struct fault *f)
{
    if (streq(id, KEY_ALIAS) || streq(id, key_id(c)) || streq(id, encryption_key(c)) ||
        streq(id, arn_of(c, KEY_ALIAS)))
        return 0;
    return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                 "The KMS key '%.128s' does not exist. There is one key, " KEY_ALIAS, id);
}

int encryption_choose(struct call *c, struct opt_bool asked, const char *kms_key_id,
                      const struct snapshot *origin, bool *encrypted, struct fault *f)
{
    bool of_encrypted = origin != NULL && origin->encrypted;
    if (of_encrypted && asked.set && !asked.v)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "The snapshot '%s' is encrypted: what is made of it cannot be unencrypted",
                     origin->id);
    if (kms_key_id != NULL && !wire_true(asked) && !encryption_by_default(c))
        return fault(f, FAULT_INVALID_PARAMETER_DEPENDENCY,
                     "The parameter KmsKeyId requires the parameter Encrypted to be set.");
    if (kms_key_id != NULL && check_key(c, kms_key_id, f) < 0)
        return -1;
    *encrypted = of_encrypted || (asked.set ? asked.v : *encrypted);
    return 0;
}

/* --- what the account has chosen */

int act_ec2_GetEbsEncryptionByDefault(struct call *c, const ec2_GetEbsEncryptionByDefault_in *in,
                                      ec2_GetEbsEncryptionByDefault_out *out, struct fault *f)
{
    (void)in;
    (void)f;
    out->ebs_encryption_by_default = wire_bool(encryption_by_default(c));
    return 0;
}

int act_ec2_EnableEbsEncryptionByDefault(struct call *c,
                                         const ec2_EnableEbsEncryptionByDefault_in *in,
                                         ec2_EnableEbsEncryptionByDefault_out *out, struct fault *f)
{
    (void)in;
    (void)f;
    setting_put(c, SETTING_ENCRYPTION, "on");
    out->ebs_encryption_by_default = wire_bool(true);
    return 0;
}

int act_ec2_DisableEbsEncryptionByDefault(struct call *c,
                                          const ec2_DisableEbsEncryptionByDefault_in *in,
                                          ec2_DisableEbsEncryptionByDefault_out *out,
                                          struct fault *f)
{
    (void)in;
    (void)f;
    setting_put(c, SETTING_ENCRYPTION, NULL);
    out->ebs_encryption_by_default = wire_bool(false);
    return 0;
}

/* The one that there is cannot be changed for another: it is always EC2's own, told by its alias.
 */
int act_ec2_GetEbsDefaultKmsKeyId(struct call *c, const ec2_GetEbsDefaultKmsKeyId_in *in,
                                  ec2_GetEbsDefaultKmsKeyId_out *out, struct fault *f)
{
    (void)c;
    (void)in;
    (void)f;
    out->kms_key_id = KEY_ALIAS;
    return 0;
}

int act_ec2_ModifyEbsDefaultKmsKeyId(struct call *c, const ec2_ModifyEbsDefaultKmsKeyId_in *in,
                                     ec2_ModifyEbsDefaultKmsKeyId_out *out, struct fault *f)
{
    if (check_key(c, in->kms_key_id, f) < 0)
        return -1;
    out->kms_key_id = encryption_key(c);
    return 0;
}

int act_ec2_ResetEbsDefaultKmsKeyId(struct call *c, const ec2_ResetEbsDefaultKmsKeyId_in *in,
                                    ec2_ResetEbsDefaultKmsKeyId_out *out, struct fault *f)
{
    (void)c;
    (void)in;
    (void)f;
    out->kms_key_id = KEY_ALIAS;
    return 0;
}
