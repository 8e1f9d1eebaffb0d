"""From a folder of labelled pictures to the fire and smoke model; not imported by the product."""
