<?xml version="1.0" encoding="UTF-8"?>
<!-- The header of a CDA document as lines `name=value`, in the words of DocumentReference. -->
<xsl:stylesheet version="3.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xpath-default-namespace="urn:hl7-org:v3" xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xsl:output method="text"/>
  <xsl:template name="line"><xsl:param name="name"/><xsl:param name="value"/>
    <xsl:for-each select="$value[normalize-space()]"><xsl:value-of select="$name || '=' || normalize-space(.) || '&#10;'"/></xsl:for-each>
  </xsl:template>
  <xsl:template match="/ClinicalDocument">
    <xsl:variable name="lines" as="map(*)*" select="
      map{'n':'identifier','v':'urn:oid:' || id/@root}, map{'n':'type','v':code/@code}, map{'n':'title','v':title}, map{'n':'language','v':languageCode/@code},
      map{'n':'creation','v':effectiveTime/@value}, map{'n':'label','v':confidentialityCode/@code},
      map{'n':'patient','v':recordTarget/patientRole/id[starts-with(@root,'1.2.250.1.213.1.4.')]/@extension},
      map{'n':'birth-name','v':recordTarget/patientRole/patient/name/family[@qualifier='BR']}, map{'n':'birth','v':recordTarget/patientRole/patient/birthTime/@value},
      map{'n':'author','v':author/assignedAuthor/id/@extension}, map{'n':'author-family','v':author/assignedAuthor/assignedPerson/name/family},
      map{'n':'author-structure','v':author/assignedAuthor/representedOrganization/id/@extension}, map{'n':'specialty','v':author/assignedAuthor/code/@code},
      map{'n':'authenticator','v':legalAuthenticator/assignedEntity/id/@extension}, map{'n':'custodian','v':custodian/assignedCustodian/representedCustodianOrganization/id/@extension},
      map{'n':'start','v':documentationOf[1]/serviceEvent/effectiveTime/low/@value}, map{'n':'event','v':documentationOf/serviceEvent/code/@code},
      map{'n':'facility','v':componentOf/encompassingEncounter/location/healthCareFacility/code/@code},
      map{'n':'setting','v':documentationOf[1]/serviceEvent/performer/assignedEntity/representedOrganization/standardIndustryClassCode/@code}"/>
    <xsl:for-each select="$lines">
      <xsl:call-template name="line"><xsl:with-param name="name" select="?n"/><xsl:with-param name="value" select="?v ! string(.)"/></xsl:call-template>
    </xsl:for-each>
  </xsl:template>
</xsl:stylesheet>
