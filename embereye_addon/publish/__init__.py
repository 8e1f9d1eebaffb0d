"""Telling the world over MQTT: topics, entities, discovery, states, pictures; alarms first."""
