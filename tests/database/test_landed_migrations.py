"""A landed migration is never edited or renumbered: databases in use were made by it.

A new migration adds its line here: ``sha256sum webhooks_ui/migrations/versions/*.py``.
"""

from hashlib import sha256
from pathlib import Path

import webhooks_ui

LANDED = {
    "0001_first_tables.py": "8075c032ecf83e739189a8fe4f6e08c824be7e5abe239159819dc16422412e1f",
    "0002_the_queue.py": "a9b80214a2b6a3e80a2e3fa67ef482292cdc02f08e15199a3bc463cd7b2bee8c",
    "0003_log.py": "50964a8dc8228bd3e4ff3be352d63e3d1dd74aacdfa87079512594b97412d008",
    "0004_idempotency.py": "5f217a9fc9ae32b92fd792e9e90ac4462ecbd4c0ff118aec5e7a5f8d8f4014b5",
    "0005_last_outcome.py": "18ff53c2218f7e302f1b89a2216183ec39df26f6e250dfb416a4ec6a17559f70",
    "0006_sort_key.py": "040342cc50accf71de5c13253e92b92bec980adcee5b46e598a73a48d49b483f",
    "0007_hours_alone.py": "a0a38fa4bc52d49e15bc50a2dda5ccd1d2f74782cf82d01696dda3f5079c6263",
    "0008_authorization.py": "12c357224ca80b144005fa2d976f4f99a010874686b5d2426fea3ccd1869a43d",
    "0009_installation.py": "54b12a0575cc72a0fc6b80cf3b14e25d43bae422a2f3a8cc70b1e91bd3dd700a",
    "0010_token_details.py": "18338395df28a7f5b0c02b81920d70bfe11681e8c95fd8441d646cafa1f8ba24",
    "0011_account_links.py": "40c3000c06f602e5d4c0f0436d44af1a86bb6b55e78c61c640dd3d4e20412c8f",
    "0012_tls.py": "376eca4889827c45b4d9dc90fb4f2cdca3209c349eb8347cebb2adc13edcb828",
    "0013_holds.py": "f548ca4d4549cbdfedf54440eb20efcfb0f0af3959b5c39d7bdd6b2d69fecf83",
    "0014_alphabet.py": "7c4a6b16718d556fd8fe5c82cc22ccbd7cb0e1e03a8b1aed4718481c6ca92ec5",
    "0015_user_timezone.py": "3a9ca0376b6fc8f40bfaf3575c0262188cf97589293557e00ac668795fb8adae",
    "0016_sources.py": "5a9e6dadf5e70db7518a45d01da6f61d97c63144b19f33a529b59d197e5d9ec4",
    "0017_states.py": "e69bf9884d6389f763f002d756c6eced7feb3fd5b1a997c601dc3d8f3acae399",
    "0018_audit.py": "606e570ffabeba0006579404b2040de2e2d6b0910f340f0dec81a79bbfadd804",
    "0019_bulk_changes.py": "447384132ef5e2cc2d207276af803224f43639edc1ecf04f934ecad8dadb4d60",
    "0020_filters.py": "14a7100dfbe692aba1b8c18ee85176385e6a2dd8e63565b9c9d9da476f2b5791",
    "0021_lease_holder.py": "6e5c3f6d41bf8bb915ba8219282356939135a41f6cd388127897947ffbcaeecf",
    "0022_second_factor.py": "eae11fb60753b639d58107dcdf704718a68c86dabd8e2451e93cfb071a93f414",
    "0023_access_token.py": "178f247f1949272e0ad2207146121299e2a906a61b63278b082b06b6d8a8a42b",
    "0024_templates.py": "76e0c26d7c78ab8d2b2d668b6cb37c88d33911d30af0e4a9d3820135c3c9425c",
    "0025_payload_search.py": "d93ae964a4161488b424b310a4fd45e7408e98cd371da541314ff9c6c70d0b97",
    "0026_openid.py": "fff099b9204814eabb9198c8669c170ab27e136d951e2de98cfb371f355243b6",
    "0027_headers.py": "55cb9c2218af65a79dd172dc02ba6ed3f77de798813997cf225dbf273177b50b",
    "0028_traces.py": "9a1b5524bdafefd4a5bcaf8bed0a8650de28f726ed74bfcb87fec2a487204e42",
    "0029_fan_outs.py": "42998871b58edc1b4ea5dd1a527172031e3b9d38897314e0016f9c5c9b3b53a9",
    "0030_emails.py": "5a30d942c63bc50933b9d55d56421bad40a83cf94c105dc54edaca21c436d783",
    "0031_partitions.py": "b474f7da4f6106bef91c00857d1f5fd2c178895716c16ae19a52e60e927cd5a0",
}


def test_landed_migrations_are_unchanged() -> None:
    folder = Path(webhooks_ui.__file__).parent / "migrations" / "versions"
    found = {file.name: sha256(file.read_bytes()).hexdigest() for file in folder.glob("*.py")}
    assert found == LANDED
