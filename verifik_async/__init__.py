"""Async SDK for enrolling persons with liveness at Verifik."""
