"""How the public half of chassis.signing.SigningKeys is answered."""

from typing import Any

from rest_framework import serializers


class JwkSerializer(serializers.Serializer[Any]):
    """A public key (RFC 8037)."""

    kty = serializers.CharField()
    crv = serializers.CharField()
    x = serializers.CharField()
    kid = serializers.CharField()
    use = serializers.CharField()
    alg = serializers.CharField()


class JwksSerializer(serializers.Serializer[Any]):
    """A JSON Web Key Set (RFC 7517): the key that signs first, and the one before it while what it signed counts."""

    keys = JwkSerializer(many=True)
